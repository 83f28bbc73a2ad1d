"""Compiled code on the disk: what other processes write at the same time, and what is left after a crash."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from teacherstudent.kernels.compile.cache import CheckedFiles

STAMP = (1.0, 10)


@pytest.fixture
def files(tmp_path):
    return CheckedFiles(str(tmp_path), "function", STAMP)


def test_code_comes_back_by_its_key(files, tmp_path):
    files.save("first", b"code")
    files.save("second", b"more")
    again = CheckedFiles(str(tmp_path), "function", STAMP)
    assert (again.load("first"), again.load("second"), again.load("third")) == (b"code", b"more", None)


def test_another_source_is_another_function(files, tmp_path):
    files.save("first", b"code")
    assert CheckedFiles(str(tmp_path), "function", (2.0, 10)).load("first") is None


def test_who_writes_at_the_same_time_gets_no_code_of_the_other(files, tmp_path, monkeypatch):
    other = CheckedFiles(str(tmp_path), "function", STAMP)
    for writer in (files, other):
        monkeypatch.setattr(writer, "_load_index", dict)  # what both saw before either wrote
    files.save("first", b"code")
    other.save("second", b"more")
    monkeypatch.undo()
    assert files.load("first") in (None, b"code")
    assert files.load("second") == b"more"
    files.save("first", b"code")
    assert (other.load("first"), other.load("second")) == (b"code", b"more")


@pytest.mark.parametrize("left", [0, 1, 20, -1])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_file_that_was_cut_is_as_good_as_none(files, tmp_path, ending, left):
    files.save("first", b"code" * 100)
    (path,) = tmp_path.glob(f"*.{ending}")
    path.write_bytes(path.read_bytes()[:left])
    assert files.load("first") is None
    files.save("first", b"code" * 100)
    assert files.load("first") == b"code" * 100


def test_code_with_a_wrong_bit_is_as_good_as_none(files, tmp_path):
    files.save("first", b"code")
    (path,) = tmp_path.glob("*.nbc")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert files.load("first") is None


SUM = """
import numpy as np
from teacherstudent.kernels.compile.flags import entry

@entry
def total(values):
    result = 0.0
    for value in values:
        result += value
    return result

print(total(np.ones(3)), total(np.ones(3, dtype=np.float32)), sum(total.stats.cache_hits.values()))
"""


def test_kernels_use_these_files(tmp_path):
    (tmp_path / "module.py").write_text(SUM)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def run():
        command = [sys.executable, str(tmp_path / "module.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert run() == ["3.0", "3.0", "0"]
    assert run() == ["3.0", "3.0", "2"]
    for path in Path(tmp_path / "cache").rglob("*.nb?"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert run() == ["3.0", "3.0", "0"]
    assert run() == ["3.0", "3.0", "2"]
