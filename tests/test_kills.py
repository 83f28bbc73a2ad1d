"""The command is killed, again and again, and ends with the same file."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from faults.counts import COUNTS
from samples import document
from teacherstudent.command.main import main
from teacherstudent.store.checkpoints import MINUTES
from teacherstudent.store.runs import read_run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a spec whose runs could be kept 400 times, and the file that they make."""
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(yaml.safe_dump(document(duration=200.0, record={"count": 400})))
    assert main([*COMMAND, "--output", "whole.h5"]) == 0
    return tmp_path


COMMAND = ["run", "spec.yaml", "--engine", "network", "--runs", "3", "--threads", "2"]
KEPT = Path("out.h5.checkpoints")


def start():
    command = [sys.executable, "-m", "teacherstudent", *COMMAND, "--output", "out.h5"]
    command += ["--checkpoint-minutes", "0"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_checkpoints(process, count):
    """Wait until a process has written so many, and is still at work."""
    seen, before = set(), versions()
    while len(seen) < count:
        assert process.poll() is None, process.communicate()
        seen |= versions() - before
        time.sleep(0.001)


def versions():
    found = set()
    for path in KEPT.glob("*.checkpoint"):
        try:
            found.add((path.name, path.stat().st_mtime_ns))
        except FileNotFoundError:
            continue  # its run has finished
    return found


@pytest.mark.slow
def test_kills_at_random_moments_change_nothing(folder):
    rng = np.random.default_rng()
    for _ in range(COUNTS.run_kills):
        with start() as process:
            wait_for_checkpoints(process, 10)
            time.sleep(rng.uniform(0.0, 0.05))
            process.kill()
            _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors
        assert "refused" not in errors
        assert not Path("out.h5").exists()
    with start() as process:
        _, errors = process.communicate()
    assert process.returncode == 0
    assert "out.h5.checkpoints" in errors
    assert "refused" not in errors
    assert Path("out.h5").read_bytes() == Path("whole.h5").read_bytes()
    assert not KEPT.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_one_line_and_status_1(folder, number):
    with start() as process:
        wait_for_checkpoints(process, 1)
        process.send_signal(number)
        output, errors = process.communicate()
    assert process.returncode == 1
    said = f"error: ended by {number.name}; the same call resumes from out.h5.checkpoints"
    assert (output, errors.splitlines()[-1]) == ("", said)  # slow runs report their progress as well
    assert main([*COMMAND, "--output", "out.h5"]) == 0
    assert Path("out.h5").read_bytes() == Path("whole.h5").read_bytes()


def test_the_runs_of_a_file_are_not_those_of_another(folder, capsys):
    """With other settings the same call starts over and says so."""
    with start() as process:
        wait_for_checkpoints(process, 1)
        process.terminate()
    changed = ["--set", "training.learning_rate=0.5"]
    assert main([*COMMAND, *changed, "--output", "other.h5"]) == 0
    KEPT.rename("again.h5.checkpoints")
    assert main([*COMMAND, *changed, "--output", "again.h5"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("checkpoint ")]
    assert lines
    assert all(line.endswith("cannot be used: it has another spec; its runs start again") for line in lines)
    assert Path("again.h5").read_bytes() == Path("other.h5").read_bytes()
    assert not Path("again.h5.checkpoints").exists()


@pytest.mark.parametrize("minutes", ["-1", "nan", "x", ""])
def test_minutes_are_numbers_from_0(folder, capsys, minutes):
    with pytest.raises(SystemExit):
        main([*COMMAND, "--output", "out.h5", f"--checkpoint-minutes={minutes}"])
    error = f"argument --checkpoint-minutes: {minutes} is not allowed; it must be a number >= 0"
    assert capsys.readouterr().err == f"error: {error}\n"


def test_the_help_names_the_minutes(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert f"(default {MINUTES:g})" in " ".join(capsys.readouterr().out.split())


def test_the_minutes_are_no_part_of_a_spec(folder):
    assert main([*COMMAND, "--output", "out.h5", "--checkpoint-minutes", "3"]) == 0
    assert Path("out.h5").read_bytes() == Path("whole.h5").read_bytes()
    assert "checkpoint" not in str(read_run("out.h5").attributes)
