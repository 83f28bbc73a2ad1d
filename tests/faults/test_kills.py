"""SIGKILL at random moments: what has its final name is whole, and work goes on to the same bytes."""

import contextlib
import math
import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest

from checkouts import make_checkout
from faults.counts import COUNTS
from faults.snakemake_processes import TARGET, kill_all, started
from faults.writers import TRIED, WRITERS

pytestmark = [pytest.mark.faults, pytest.mark.slow]

JOB = ".snakemake/scripts/"  # in the command of every process that runs a script


@pytest.fixture
def checkout(tmp_path):
    return make_checkout(tmp_path / "checkout")


def jobs_of(driver):
    """List the processes below a Snakemake that run scripts."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):  # Snakemake may have ended
        for process in psutil.Process(driver.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(JOB in word for word in process.cmdline()):
                    found.append(process.pid)
    return found


def check_whole(checkout, expected):
    """Every file that has its final name is as it should be; return how many there are."""
    found = {name: content for name, content in checkout.results().items() if not name.endswith(".part")}
    for name, content in found.items():
        assert content == expected[name], f"{name} is not whole"
    return len(found)


def finish(checkout, expected):
    """Run what is left, and compare it to what nothing disturbed."""
    checkout.snakemake(TARGET, "--cores", "2")
    assert check_whole(checkout, expected) == len(expected)


@pytest.mark.thorough
def test_snakemake_and_its_jobs_killed_at_random_moments(checkout, undisturbed):
    _, expected, seconds = undisturbed
    rng, killed = random.Random(1), 0
    while killed < COUNTS.workflow_kills:
        driver = started(checkout)
        try:
            driver.wait(timeout=rng.uniform(0.1, 0.6) * seconds)
        except subprocess.TimeoutExpired:
            kill_all(driver)
            killed += 1
            shutil.rmtree(checkout.root / ".snakemake" / "locks", ignore_errors=True)  # as --unlock does
        else:  # it was at its end: begin anew
            assert check_whole(checkout, expected) == len(expected)
            shutil.rmtree(checkout.root / "results")
        check_whole(checkout, expected)
    checkout.snakemake("--unlock")
    finish(checkout, expected)


def test_jobs_killed_at_random_moments(checkout, undisturbed):
    """A job is tried ten times in a call of Snakemake; where that is not enough, the next call goes on."""
    _, expected, seconds = undisturbed
    rng, killed = random.Random(2), 0
    while killed < COUNTS.job_kills:
        driver = started(checkout, "--retries", "9")
        killed += kill_jobs(driver, rng, seconds, COUNTS.job_kills - killed)
        driver.wait()
        if check_whole(checkout, expected) == len(expected) and killed < COUNTS.job_kills:
            shutil.rmtree(checkout.root / "results")
    finish(checkout, expected)


def kill_jobs(driver, rng, seconds, most):
    """Kill five of six jobs of a Snakemake soon after they began; return how many."""
    ends, killed = {}, 0
    while driver.poll() is None:
        now = time.monotonic()
        for job in jobs_of(driver):
            if job not in ends:
                ends[job] = now + rng.uniform(0.0, 0.15) * seconds if rng.random() < 5 / 6 else math.inf
            if now >= ends[job] and killed < most:
                ends[job] = math.inf
                with contextlib.suppress(ProcessLookupError):
                    os.kill(job, signal.SIGKILL)
                    killed += 1
        time.sleep(0.05)
    return killed


@pytest.mark.parametrize("name", TRIED)
def test_writers_killed_at_random_moments(name, tmp_path):
    write, place, reference = WRITERS[name], tmp_path / name, tmp_path / f"reference-{name}"
    start = time.monotonic()
    write(reference)
    seconds, expected = time.monotonic() - start, reference.read_bytes()
    rng = random.Random(name)
    for _ in range(COUNTS.writer_kills):
        writer = os.fork()
        if writer == 0:
            with contextlib.suppress(BaseException):
                while True:
                    write(place)
                    place.unlink()
            os._exit(1)
        time.sleep(rng.uniform(0.0, 2.0) * seconds)
        os.kill(writer, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
        assert not place.exists() or place.read_bytes() == expected
    write(place)
    assert place.read_bytes() == expected
