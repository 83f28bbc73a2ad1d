"""The scripts that get data sets, without Snakemake and without a network."""

import hashlib
import re
import threading
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler

import numpy as np
import pytest

from fetch_dataset import COLLECTIONS, main
from teacherstudent.errors import RunError
from teacherstudent.spec.parse import parse_spec

CONTENT = {"images.gz": b"many pixels" * 1000, "labels.gz": b"few labels"}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder with the files, and the address of a server on this machine that hands them out."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "served"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    with HTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def refusal_of(address, target):
    with pytest.raises(RunError) as refusal:
        main(address, DIGESTS, target)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_files_are_fetched(server, target):
    main(server[1], DIGESTS, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == CONTENT


def test_an_address_may_be_a_folder(server, target):
    main(server[0].as_uri(), DIGESTS, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == CONTENT


def test_another_content_never_appears(server, target):
    folder, address = server
    (folder / "labels.gz").write_bytes(b"other labels")
    found = hashlib.sha256(b"other labels").hexdigest()
    expected = f"{address}/labels.gz: the SHA-256 of the file is {found} and not {DIGESTS['labels.gz']}"
    assert refusal_of(address, target) == expected
    assert [path.name for path in target.iterdir()] == ["images.gz"]


def test_a_missing_file_is_one_line(server, target):
    folder, address = server
    (folder / "images.gz").unlink()
    message = refusal_of(address, target)
    assert message.startswith(f"{address}/images.gz: cannot be downloaded: ")
    assert "404" in message
    assert list(target.iterdir()) == []


def test_no_network_is_one_line(target, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    message = refusal_of("http://127.0.0.1:9", target)
    assert message.startswith("http://127.0.0.1:9/images.gz: cannot be downloaded: ")
    assert "refused" in message
    assert list(target.iterdir()) == []


def test_collections_have_four_files_with_digests():
    for source, digests in COLLECTIONS.values():
        assert re.match("https?://", source)
        assert len(set(digests.values())) == len(digests) == 4
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests.values())


def test_digits(tmp_path):
    """The 8 x 8 digits have the digest that specs name, and can be trained on."""
    import write_digits

    path = tmp_path / "digits.npz"
    write_digits.main(path)
    with np.load(path) as digits:
        assert digits["images"].shape == (1797, 8, 8)
        assert digits["images"].max() == 16
        np.testing.assert_allclose(np.bincount(digits["targets"]), [180] * 10, atol=6)
    block = {"file": str(path), "test_samples": 397, "labels": "parity"}
    spec = parse_spec(
        {
            "inputs": {"distribution": "dataset", "dataset": block},
            "teachers": {"count": 1, "hidden": 1},
            "student": {"hidden": 2},
            "training": {"learning_rate": 0.1},
        }
    )
    assert (spec.inputs.dimension, spec.inputs.samples) == (64, 1400)
    digest = "522a5069de10e1c44adac7f3278d5f29e790c4606a7a14baac14d7c5a9621b1c"
    assert spec.inputs.dataset.sha256 == digest
