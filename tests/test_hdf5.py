import io
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from teacherstudent.errors import RunError
from teacherstudent.files import hdf5
from teacherstudent.files.hdf5 import add_array, opened_hdf5, write_hdf5

SCALAR, LARGE = np.array(2.0), np.random.default_rng(0).normal(size=(300, 1000))


def fill(file):
    add_array(file, "x", np.arange(3.0))
    add_array(file, "scalar", SCALAR)
    add_array(file, "none", np.zeros((0, 2)))
    add_array(file, "large", LARGE)
    add_array(file, "words", np.array(["a", "é"], dtype=object))
    file.attrs["about"] = "text"


@pytest.fixture
def path(tmp_path):
    write_hdf5(tmp_path / "numbers.h5", fill)
    return tmp_path / "numbers.h5"


def numbers(path):
    with opened_hdf5(path) as file:
        return file["x"][()].tolist()


def test_what_was_written_is_read(path):
    with opened_hdf5(path) as file:
        assert file["x"][()].tolist() == [0.0, 1.0, 2.0]
        assert file["scalar"][()] == SCALAR
        assert file["none"].shape == (0, 2)
        assert np.array_equal(file["large"], LARGE)
        assert file["words"].asstr()[()].tolist() == ["a", "é"]


def test_all_that_can_have_a_checksum_of_hdf5_has_one(path):
    """The metadata is as of HDF5 1.10; no index of chunks (TREE) or list of links (SNOD) is older."""
    content = path.read_bytes()
    assert content[8] == 2  # the superblock
    assert b"OHDR" in content and b"TREE" not in content and b"SNOD" not in content
    with h5py.File(path) as file:
        assert file["x"].fletcher32 and file["large"].fletcher32
        assert file["large"].compression == "gzip"
        assert file["scalar"].id.get_create_plist().get_layout() == h5py.h5d.COMPACT


@pytest.mark.parametrize("name", ["x", "large"])
def test_damage_to_numbers_is_found_by_hdf5(path, name):
    with h5py.File(path) as file:
        chunk = file[name].id.get_chunk_info(0)
    whole = path.read_bytes()
    position = chunk.byte_offset + chunk.size // 2
    path.write_bytes(whole[:position] + bytes([whole[position] ^ 8]) + whole[position + 1 :])
    with pytest.raises(RunError, match="numbers.h5: it is damaged: .*; delete it and run the command again"):
        numbers(path)


def test_a_change_by_other_programs_is_noticed(path):
    with h5py.File(path, "a") as file:
        file["x"][0] = 5.0
    with pytest.raises(
        RunError, match="numbers.h5: it was changed after it was written; .* `teacherstudent accept`"
    ):
        numbers(path)


def test_looking_in_append_mode_changes_nothing(path):
    before = path.read_bytes()
    with h5py.File(path, "a") as file:
        assert file["x"][0] == 0.0
    assert path.read_bytes() == before


def test_a_program_that_is_killed_while_it_has_the_file_open_does_no_harm(path):
    code = f"import h5py, time; file = h5py.File({str(path)!r}, 'a'); file['x'][0]; print(flush=True); "
    code += "time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert numbers(path) == [0.0, 1.0, 2.0]  # while it is open there
        other.kill()
    assert numbers(path) == [0.0, 1.0, 2.0]
    with h5py.File(path, "a") as file:
        assert file["x"][0] == 0.0


def test_files_without_digests_are_read(path):
    with h5py.File(path, "a") as file:
        del file.attrs["content_digest"]
    assert numbers(path) == [0.0, 1.0, 2.0]


def test_a_disk_that_keeps_other_bytes_is_noticed_at_once(tmp_path, monkeypatch):
    class Image(io.BytesIO):
        def getbuffer(self):
            return super().getvalue().replace(np.arange(3.0).tobytes(), np.ones(3).tobytes())

    monkeypatch.setattr(hdf5.io, "BytesIO", Image)
    with pytest.raises(RunError, match="new.h5: it is damaged"):
        write_hdf5(tmp_path / "new.h5", fill)
    assert os.listdir(tmp_path) == []


def test_what_goes_wrong_in_the_block_is_one_line_with_the_file(path):
    with (
        pytest.raises(RunError, match="numbers.h5: cannot be read: .*") as failure,
        opened_hdf5(path) as file,
    ):
        file["y"]
    assert "\n" not in str(failure.value)
