import hashlib
import io

import h5py
import numpy as np
import pytest

from teacherstudent.errors import RunError
from teacherstudent.files.checksum_line import BLOCK, LENGTH, check_line, check_line_of
from teacherstudent.files.hdf5 import opened_hdf5


def line(content):
    """The line as it was written, made here by hand."""
    return b"\nsha256 " + hashlib.sha256(content).hexdigest().encode("ascii") + b"\n"


@pytest.mark.parametrize("size", [0, 5, BLOCK, 2 * BLOCK + 1])
def test_a_line_holds_for_its_content_only(size):
    content = bytes(size)
    assert len(line(content)) == LENGTH
    assert check_line_of(content + line(content))
    with pytest.raises(RunError, match="checksum mismatch"):
        check_line_of(b"x" + content + line(content))


@pytest.mark.parametrize("content", [b"", b"text", bytes(LENGTH), bytes(2 * LENGTH)])
def test_other_files_have_no_line(content):
    assert not check_line(io.BytesIO(content))


def test_every_bit_counts():
    whole = b"content" + line(b"content")
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert not check_line_of(bytes(changed))  # it is the mark that was hit
            assert bytes(changed[:7]) == b"content"
        except RunError:
            pass


# A whole file of an earlier version


@pytest.fixture
def old(tmp_path):
    """A file with a line and no digests."""
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file["x"] = np.arange(3.0)
        file.attrs["checksum"] = "sha256 of all bytes before the last line, which it is in"
    content = (tmp_path / "old.h5").read_bytes()
    (tmp_path / "old.h5").write_bytes(content + line(content))
    return tmp_path / "old.h5"


def numbers(path):
    with opened_hdf5(path) as file:
        return file["x"][()].tolist()


def test_a_file_with_a_line_is_read(old):
    assert numbers(old) == [0.0, 1.0, 2.0]


def test_damage_to_a_file_with_a_line_is_found(old):
    whole = old.read_bytes()
    for position in np.random.default_rng(0).integers(8, len(whole), 100):
        old.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(RunError, match="old.h5: (checksum mismatch|its checksum is missing)"):
            numbers(old)


def test_a_file_that_lost_its_line_is_refused(old):
    with h5py.File(old, "a") as file:
        file.attrs["looked"] = 1  # which cuts it off
    with pytest.raises(RunError, match="old.h5: its checksum is missing: .*`teacherstudent accept`"):
        numbers(old)


def test_a_file_without_line_and_digests_is_read_unchecked(old):
    with h5py.File(old, "a") as file:
        del file.attrs["checksum"]
        file["x"][0] = 5.0
    assert numbers(old) == [5.0, 1.0, 2.0]
