"""Activations of users in a spec: digests of their files, and checks. Each error is one line."""

from collections.abc import Mapping

from teacherstudent.errors import SpecError
from teacherstudent.files.arrays import read_content
from teacherstudent.spec.model import Spec

FILE, DIGEST = "activation_file", "activation_sha256"


def fill_in_activations(document: dict) -> None:
    """Fill in the digests of the files of activations that a document names.

    Raises SpecError with one line if a file cannot be read or has another digest.
    """
    for name in ("teachers", "student"):
        block = document.get(name)
        if isinstance(block, Mapping) and isinstance(block.get(FILE), str):
            _, digest = read_content(FILE, block[FILE], block.get(DIGEST), name)
            document[name] = {**block, DIGEST: digest}


def check_activations(spec: Spec) -> None:
    """Raise SpecError if a file is given without a custom activation, or the other way round."""
    for name in ("teachers", "student"):
        block = getattr(spec, name)
        if (block.activation == "custom") != (block.activation_file is not None):
            raise SpecError(f"{name}.{FILE}: needed with activation: custom, and only there")
        if block.activation_sha256 is not None and block.activation_file is None:
            raise SpecError(f"{name}.{DIGEST}: needs {FILE}; remove it or give the file")
