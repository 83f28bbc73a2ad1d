"""A clock that is set back, or wrong: nothing fails, and no number depends on it."""

import io
import os
import shutil
import time

import numpy as np
import pytest

from checkouts import Checkout
from faults.counts import COUNTS
from faults.snakemake_processes import TARGET
from samples import document, edited
from teacherstudent.simulation.progress import INTERVAL, reporter
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.weight_files import TEACHERS_KEY, read_layers
from teacherstudent.store.runs import write_run
from teacherstudent.store.starts import load_start

pytestmark = pytest.mark.faults

DAY = 86400.0
WRONG = {
    "back": [5e9, 4e9, 1e9, 0.0],
    "standing": [7.0],
    "ahead": [0.0, 3.0, 1e12, 1e15],
    "before 1970": [-1e9, 0.0],
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_as_many_are_tried_as_the_page_says():
    assert len(WRONG) == COUNTS.clocks


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize("name", WRONG)
def test_progress_with_a_wrong_clock(name, stream):
    readings = WRONG[name] * 10 + [WRONG[name][-1]] * 10
    told = stream()
    with reporter(2, "label", told, clock=lambda: readings.pop(0)) as report:
        for step in range(10):
            report(step % 2, step / 10)
    assert "left: -" not in told.getvalue() and ", -" not in told.getvalue()


def test_progress_goes_on_after_the_clock_was_set_back():
    """What is left of a clock that only goes ahead, which reporters use, cannot do this."""
    assert reporter.__wrapped__.__defaults__[-1] is time.monotonic
    readings = [0.0, 2 * INTERVAL, 1.0, 5 * INTERVAL, 5 * INTERVAL, 5 * INTERVAL]
    told = io.StringIO()
    with reporter(1, "label", told, clock=lambda: readings.pop(0)) as report:
        for fraction in (0.1, 0.2, 0.3):
            report(0, fraction)
    assert [line.split(",")[0] for line in told.getvalue().splitlines()][:2] == ["label: 10 %", "label: 30 %"]


@pytest.mark.parametrize("now", [-1e9, 0.0, 4e9])
def test_results_do_not_depend_on_the_clock(now, tmp_path, monkeypatch):
    spec = parse_spec(document())
    write_run(tmp_path / "before.h5", spec, "network", 0, simulate(spec, "network"))
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: now)
    write_run(tmp_path / "wrong.h5", spec, "network", 0, simulate(spec, "network"))
    assert (tmp_path / "wrong.h5").read_bytes() == (tmp_path / "before.h5").read_bytes()


@pytest.mark.parametrize("shift", [-20000 * DAY, -DAY, DAY, 20000 * DAY])
def test_files_of_another_time_are_read(shift, tmp_path):
    spec, path = parse_spec(document()), tmp_path / "run.h5"
    write_run(path, spec, "network", 0, simulate(spec, "network"))
    os.utime(path, (time.time() + shift,) * 2)
    assert load_start(path)[0].time == spec.duration
    with edited(path) as file:
        file["time"][-1] = 5.0
    write_run(path, spec, "network", 0, simulate(spec, "network"))
    assert abs(path.stat().st_mtime - time.time()) < DAY / 2


def test_a_file_that_changed_while_the_clock_stood_is_read_again(tmp_path):
    path, found = tmp_path / "teachers.npz", []
    for number in (1.0, 2.0):
        np.savez(path, weights=np.full((1, 1, 3), number), readouts=np.ones((1, 1)))
        os.utime(path, (0, 0))
        found.append(read_layers(TEACHERS_KEY, str(path)).weights[0, 0, 0])
    assert found == [1.0, 2.0]


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("shift", [-DAY, DAY])
def test_snakemake_and_runs_of_another_time(undisturbed, tmp_path, shift):
    """It compares the content of files up to a size (1 MB); what is older than its script is made again."""
    shutil.copytree(undisturbed.checkout.root, tmp_path / "checkout")
    checkout = Checkout(tmp_path / "checkout")
    for path in (checkout.root / "results" / "runs").rglob("*.h5"):
        os.utime(path, (time.time() + shift,) * 2)
    planned, _ = checkout.planned(TARGET)
    assert ("simulate" in planned) == (shift < 0.0)
    assert bool(planned) == (shift < 0.0)
