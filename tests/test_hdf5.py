import os

import h5py
import numpy as np
import pytest

from teacherstudent import hdf5
from teacherstudent.errors import RunError
from teacherstudent.hdf5 import opened_hdf5, write_hdf5


@pytest.fixture
def path(tmp_path):
    write_hdf5(tmp_path / "numbers.h5", lambda file: file.create_dataset("x", data=np.arange(3.0)))
    return tmp_path / "numbers.h5"


def numbers(path):
    with opened_hdf5(path) as file:
        return file["x"][()].tolist()


def test_what_was_written_is_read(path):
    assert numbers(path) == [0.0, 1.0, 2.0]


def test_other_programs_read_it_too(path):
    with h5py.File(path) as file:
        assert file["x"][()].tolist() == [0.0, 1.0, 2.0]
        assert "sha256" in file.attrs["checksum"]


def test_a_change_by_other_programs_is_noticed(path):
    with h5py.File(path, "a") as file:
        file["x"][0] = 5.0
    with pytest.raises(RunError, match="numbers.h5: its checksum is missing"):
        numbers(path)


def test_files_of_versions_without_checksums_are_read(path):
    with h5py.File(path, "a") as file:
        del file.attrs["checksum"]
    assert numbers(path) == [0.0, 1.0, 2.0]


def test_a_disk_that_keeps_other_bytes_is_noticed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "seal", lambda content: b"\nsha256 " + b"0" * 64 + b"\n")
    with pytest.raises(RunError, match="new.h5: its content does not have its checksum"):
        write_hdf5(tmp_path / "new.h5", lambda file: None)
    assert os.listdir(tmp_path) == []


def test_what_goes_wrong_in_the_block_is_one_line_with_the_file(path):
    with (
        pytest.raises(RunError, match="numbers.h5: cannot be read: .*") as failure,
        opened_hdf5(path) as file,
    ):
        file["y"]
    assert "\n" not in str(failure.value)
