"""A folder for compiled code or for matplotlib's list of fonts that cannot be used: one warning says so."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from depth import crossed, thorough_from
from faults.counts import COUNTS
from faults.disks import fill, mounted, remount
from samples import document, spec, trajectory
from teacherstudent.store.runs import read_run, write_run

pytestmark = pytest.mark.faults

CODE = """
import numpy as np
from teacherstudent.kernels.compile.flags import entry

@entry
def double(x):
    return 2 * x

print(double(1), flush=True)
input()
print(double(1.5), double(np.float32(2.5)), sum(double.stats.cache_hits.values()))
"""
ADVICE = r"make space there, or set NUMBA_CACHE_DIR to another folder"
TEMPORARY = r"a temporary folder is used \(set NUMBA_CACHE_DIR to a folder that can be written to\)"


@pytest.fixture
def disk(tmp_path):
    """A disk of 64 kB with few files."""
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk", "-o", "size=64k,nr_inodes=20") as folder:
        yield folder


def result(folder, variables, meanwhile=lambda: None):
    """Return what a kernel gives in two processes, the last of which is held on its way, and the warnings."""
    (folder / "module.py").write_text(CODE)
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, str(folder / "module.py")]
    process = subprocess.Popen(command, env=environment | variables, text=True, **pipes)
    assert process.stdout.readline() == "2\n"
    meanwhile()
    out, err = process.communicate("\n")
    assert process.returncode == 0, err
    return out.split(), err.splitlines()


def use_up(disk):
    """Take all inodes of a disk."""
    for number in range(20):
        try:
            (disk / str(number)).touch()
        except OSError:
            return
    pytest.fail("the disk has too many inodes")


BEFORE = {
    "full": lambda disk: fill(disk / "filler", 3),
    "without inodes": use_up,
    "read-only": lambda disk: remount(disk, "ro"),
}
MEANWHILE = {"fills up": BEFORE["full"], "becomes read-only": BEFORE["read-only"]}
HAS_FOLDER = {"new": False, "used": True}
FILES = {  # a variable and its value, and where the folder would be
    "NUMBA_CACHE_DIR": ("file", "file"),
    "HOME": ("file/home", "file/home/.cache/teacherstudent/numba"),
}
REASONS = {
    "full": "No space left on device",
    "without inodes": "No space left on device",
    "read-only": "(Read-only file system|it cannot be written to)",
    "fills up": "No space left on device",
    "becomes read-only": "Read-only file system",
}


def test_as_many_are_tried_as_the_page_says():
    assert len(BEFORE) == COUNTS.disks
    assert len(HAS_FOLDER) * len(BEFORE) + len(MEANWHILE) + len(FILES) == COUNTS.cache_folders


@pytest.mark.parametrize(("way", "folder"), crossed(BEFORE, HAS_FOLDER))
def test_a_disk_that_cannot_be_written_to(way, folder, disk, tmp_path):
    variables = {"NUMBA_CACHE_DIR": str(disk)}
    if HAS_FOLDER[folder]:  # made by another kernel
        subprocess.run(
            [sys.executable, "-c", "import teacherstudent"], env=os.environ | variables, check=True
        )
    BEFORE[way](disk)
    values, (line,) = result(tmp_path, variables)
    assert values[:2] == ["3.0", "5.0"]
    told = (
        rf"warning: compiled code cannot be saved in {disk}/\S+: {REASONS[way]}; .*({ADVICE}|{TEMPORARY}).*"
    )
    assert re.fullmatch(told, line)


@pytest.mark.parametrize("way", MEANWHILE)
def test_a_disk_that_changes_during_the_run(way, disk, tmp_path):
    variables = {"NUMBA_CACHE_DIR": str(disk)}
    values, (line,) = result(tmp_path, variables, lambda: MEANWHILE[way](disk))
    assert values == ["3.0", "5.0", "0"]
    told = rf"warning: compiled code cannot be saved in {disk}/\S+: {REASONS[way]}; it is compiled again .*"
    assert re.fullmatch(told + rf"\({ADVICE}\)", line)
    assert not list(disk.rglob("*.tmp.*"))


@pytest.mark.parametrize("variable", FILES)
def test_a_file_in_place_of_the_folder(variable, tmp_path):
    path, named = FILES[variable]
    (tmp_path / "file").touch()
    variables = {"NUMBA_CACHE_DIR": ""} | {variable: str(tmp_path / path)}
    values, (line,) = result(tmp_path, variables)
    assert values == ["3.0", "5.0", "0"]
    told = rf"warning: compiled code cannot be saved in {tmp_path / named}/\S+: Not a directory; {TEMPORARY}"
    assert re.fullmatch(told, line)


@pytest.mark.parametrize("way", thorough_from(1, BEFORE))
def test_a_list_of_fonts_that_cannot_be_saved(way, disk, tmp_path):
    write_run(tmp_path / "run.h5", spec(), "network", 3, trajectory())
    BEFORE[way](disk)
    command = [sys.executable, "-m", "teacherstudent", "plot", "run.h5", "--output", "run.png"]
    environment = os.environ | {"MPLCONFIGDIR": str(disk)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    (line,) = done.stderr.splitlines()
    told = rf"warning: matplotlib's list of fonts cannot be saved in {disk}/\S+: {REASONS[way]}; a temporary"
    assert re.match(told, line)
    assert "set MPLCONFIGDIR to" in line


@pytest.mark.slow
@pytest.mark.thorough
def test_a_run_of_the_command(disk, tmp_path):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document()), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "teacherstudent",
        "run",
        "spec.yaml",
        "--engine",
        "ode",
        "--output",
        "r.h5",
    ]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(disk)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.count("warning: compiled code cannot be saved in") == 1
    assert read_run(tmp_path / "r.h5").engine == "ode"
