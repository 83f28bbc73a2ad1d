"""A disk that is full while results are written, and one that cannot be written to at all."""

import gc
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from _logs import logged
from faults.counts import COUNTS
from faults.disks import PAGE, fill, mounted, remount
from faults.writers import TRIED, WRITERS
from samples import assert_same, document
from teacherstudent.command.main import main
from teacherstudent.engines.network import training as network_run
from teacherstudent.errors import RunError
from teacherstudent.simulation.checkpoints import NO_CHECKPOINTS
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.checkpoints import CheckpointFile

UNCLOSED = "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
pytestmark = [pytest.mark.faults, *map(pytest.mark.filterwarnings, UNCLOSED)]


@pytest.fixture(autouse=True)
def close_pipes():
    """Close the pipes to an ffmpeg that failed, which imageio leaves open, here and not in another test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A disk of 2 MB."""
    with mounted(tmp_path_factory.mktemp("disk"), "-o", "size=2m") as folder:
        yield folder


@pytest.fixture
def disk(small_disk):
    """The same without a file."""
    yield small_disk
    for path in small_disk.iterdir():
        path.unlink()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Return a function of a writer's name: what it writes where nothing goes wrong."""
    folder = tmp_path_factory.mktemp("expected")

    def written(name):
        WRITERS[name](folder / name)
        return (folder / name).read_bytes()

    return written


def test_as_many_writers_are_tried_as_the_page_says():
    assert len(WRITERS) == COUNTS.writers


@pytest.mark.parametrize("name", TRIED)
def test_a_full_disk_is_one_line_and_work_goes_on_afterwards(name, disk, expected, capfd):
    write, place, filler = WRITERS[name], disk / name, disk / "filler"
    content = expected(name)
    pages = -(-len(content) // PAGE)
    for left in sorted({0, pages // 2, pages - 1}):
        place.write_bytes(b"old")
        fill(filler, left)
        with pytest.raises(RunError) as failure:
            write(place)
        said = capfd.readouterr().err.removeprefix("error: ").removesuffix("\n") or str(failure.value)
        assert said.startswith(f"{place}: ") and "\n" not in said, said
        assert place.read_bytes() == b"old"
        assert set(os.listdir(disk)) == {"filler", name}
        filler.unlink()
    write(place)
    assert place.read_bytes() == content


def test_a_log_that_cannot_be_written_is_one_line_on_standard_error(disk, capsys):
    fill(disk / "filler", 0)
    with pytest.raises(SystemExit), logged(str(disk / "log")):
        sys.stdout.write("x" * PAGE)
    told = capsys.readouterr().err
    assert told == f"error: {disk / 'log'}: No space left on device\n"


# Checkpoints on a full disk


class Filling(CheckpointFile):
    """Fills the disk before a checkpoint, by its number; may end the work two checkpoints later."""

    def __init__(self, disk, number, ending):
        super().__init__(disk / "kept", minutes=0.0)
        self.filler, self.left, self.ending = disk / "filler", number, ending

    def _write(self, path, runs):
        self.left -= 1
        if self.left == 0:
            fill(self.filler, 0)
        written = super()._write(path, runs)
        if self.ending and self.left == -2:
            self.asked = "a test"
        return written


def simulated(checkpoints=NO_CHECKPOINTS):
    (found,) = simulate_runs(parse_spec(document()), "network", 5, checkpoints=checkpoints)
    return found


@pytest.fixture
def kept(disk, monkeypatch):
    """A folder of checkpoints, for runs that can be kept many times."""
    monkeypatch.setattr(network_run, "WORK_PER_REPORT", 2000)
    (disk / "kept").mkdir()
    yield disk / "kept"
    shutil.rmtree(disk / "kept")


@pytest.mark.parametrize("number", COUNTS.full_from)
def test_a_run_goes_on_without_checkpoints(number, disk, kept, capsys):
    assert_same(simulated(Filling(disk, number, ending=False)), simulated())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3
    said = (
        rf"warning: checkpoint {kept}/\S+ cannot be written: .*No space left on device; "
        "the computation continues"
    )
    assert all(re.fullmatch(said, line) for line in lines)


@pytest.mark.parametrize("number", COUNTS.full_from)
def test_a_run_ended_while_the_disk_is_full_goes_on_from_the_last_checkpoint(number, disk, kept, capsys):
    with pytest.raises(RunError, match="ended by a test"):
        simulated(Filling(disk, number, ending=True))
    assert os.listdir(kept) == (["run-0.checkpoint"] if number > 1 else [])
    (disk / "filler").unlink()
    capsys.readouterr()
    assert_same(simulated(CheckpointFile(kept, minutes=0.0)), simulated())
    assert ("the run resumes from t = " in capsys.readouterr().err) == (number > 1)


# A folder that can only be read


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """A folder on a disk that can only be read."""
    with mounted(tmp_path_factory.mktemp("frozen")) as folder:
        remount(folder, "ro")
        yield folder


@pytest.mark.parametrize("name", TRIED)
def test_a_folder_that_can_only_be_read_is_one_line(name, frozen, capfd):
    with pytest.raises((RunError, SystemExit)) as failure:
        WRITERS[name](frozen / name)
    said = capfd.readouterr().err.removesuffix("\n") or str(failure.value)
    assert str(frozen / name) in said and "cannot be written to" in said and "\n" not in said
    assert os.listdir(frozen) == []


def test_logs_in_a_folder_that_can_only_be_read_are_one_line(frozen, capsys):
    with pytest.raises(SystemExit), logged(str(frozen / "log")):
        pytest.fail("began nevertheless")
    assert capsys.readouterr().err == f"error: {frozen / 'log'}: Read-only file system\n"


def test_the_command_says_so_before_it_runs(frozen, capsys):
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "spec.yaml")
        spec.write_text(yaml.safe_dump(document()), encoding="utf-8")
        with pytest.raises(SystemExit) as status:
            main(["run", str(spec), "--engine", "ode", "--output", str(frozen / "run.h5")])
    assert status.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be written to" in line
