"""Download a collection of images: IDX files of training and test images and of their labels."""

import hashlib
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from _logs import logged
from teacherstudent.errors import RunError
from teacherstudent.files.writing import check_place, reason, write_whole

TIMEOUT = 60  # seconds without a response

# Address of each collection and SHA-256 of its files, from torchvision (prototype of datasets, mnist.py).
COLLECTIONS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
}


def main(source: str, digests: Mapping[str, str], folder: str | Path) -> None:
    """Download a collection into a folder.

    Parameters
    ----------
    source : str
        The address of the collection.
    digests : mapping of str to str
        The SHA-256 of each file, by name.
    folder : path
        The folder of the files.
    """
    for name, digest in digests.items():
        fetch(f"{source}/{name}", Path(folder) / name, digest)


def fetch(address: str, path: Path, digest: str) -> None:
    """Download one file, which is written only if its SHA-256 is the expected one.

    Parameters
    ----------
    address : str
        The address of the file.
    path : Path
        The file to write.
    digest : str
        Its SHA-256, in hex.

    Raises
    ------
    RunError
        If the file cannot be downloaded or has another SHA-256.
    """
    check_place(path)
    try:
        with urlopen(address, timeout=TIMEOUT) as answer:
            content = answer.read()
    except (OSError, HTTPException) as error:
        cause = reason(error) if isinstance(error, OSError) else error
        if isinstance(error, HTTPError):
            error.close()
        raise RunError(f"{address}: cannot be downloaded: {cause}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise RunError(f"{address}: the SHA-256 of the file is {found} and not {digest}")
    write_whole(path, content)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.params.source, snakemake.params.digests, Path(snakemake.output[0]).parent)
