"""Two that work in one place at the same time."""

import os
import shutil
import signal
import time

import pytest

from checkouts import Checkout
from faults.counts import COUNTS
from faults.snakemake_processes import TARGET, kill_all, started
from samples import spec, trajectory
from teacherstudent.store.runs import read_run, write_run

pytestmark = pytest.mark.faults

LOCKS = 2  # files in which Snakemake lists what it reads and what it writes, before it starts


def test_two_writers_of_one_file(tmp_path):
    """Who reads meanwhile finds the whole file of one of them."""
    path, runs = tmp_path / "run.h5", [trajectory(seed, rows=400) for seed in (0, 1)]
    write_run(path, spec(), "ode", 0, runs[0])
    left, found = {writer_of(path, run) for run in runs}, set()
    errors = [run.generalisation_error.tobytes() for run in runs]
    while left:
        left -= {child for child in left if os.waitpid(child, os.WNOHANG)[0]}
        found.add(errors.index(read_run(path).arrays["generalisation_error"].tobytes()))
    assert found == {0, 1}
    assert os.listdir(tmp_path) == ["run.h5"]


def writer_of(path, run):
    """Start a process that writes a run again and again."""
    child = os.fork()
    if child == 0:
        for _ in range(COUNTS.writes_at_once // 2):
            write_run(path, spec(), "ode", 0, run)
        os._exit(0)
    return child


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.workflow
def test_a_second_snakemake_is_told_that_the_folder_is_locked(undisturbed, tmp_path):
    shutil.copytree(undisturbed.checkout.root, tmp_path / "checkout")
    checkout = Checkout(tmp_path / "checkout")
    shutil.rmtree(checkout.root / "results" / "figures")
    locks = checkout.root / ".snakemake" / "locks"
    first = started(checkout)
    try:
        deadline = time.monotonic() + 120
        while not (locks.is_dir() and sum(path.stat().st_size > 0 for path in locks.iterdir()) == LOCKS):
            assert first.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(first.pid, signal.SIGSTOP)
        told = checkout.snakemake(TARGET, "--cores", "1", status=1)
        assert "Directory cannot be locked" in told
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(timeout=240) == 0
    finally:
        if first.poll() is None:
            kill_all(first)
    assert checkout.results() == undisturbed.results
