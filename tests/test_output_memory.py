"""What writing costs in memory: at most a copy of what is written, which is there already."""

import subprocess
import sys
from pathlib import Path

import pytest

from depth import thorough_from

SIZE = 32_000_000  # bytes of records, and of their copy
SPARE = 25_000_000  # what takes some 15 MB whatever the size; less than a second copy

CODE = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {tests!r})
from samples import document, spec, trajectory
from teacherstudent.store.curves import Curves, write_curves
from teacherstudent.store.runs import write_run, write_runs

def highest():
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return 1024 * int(found)

def runs(path, count, rows):
    made = [trajectory(seed, rows=rows, K=6) for seed in range(count)]
    return lambda: write_runs(path, [("/", spec(), "ode", 0, made)], run_axis=count > 1)

def one(path, size):
    return runs(path, 1, size // ROW)

def several(path, size):
    return runs(path, 4, size // ROW // 4)

def many(path, size):
    return runs(path, 1000, size // ROW // 1000)

def curves(path, size):
    errors = np.random.default_rng(0).normal(size=(4, 2, size // 64, 1))
    axes = {{"training.learning_rate": np.arange(4.0)}}
    diverged, switches = np.zeros((4, 2), bool), np.full((4, 2, 1), 2.0)
    time = np.arange(float(size // 64))
    kept = {{"generalisation_error": errors}}
    entry = Curves("ode", axes, 2, 0, time, kept, diverged, switches, document())
    return lambda: write_curves(path, [entry])

ROW = 8 * (6 * 6 + 2 * 6 * 2 + 2 * 6 + 2 + 2)
{kind}("small.h5", 200_000)()  # with all that is imported and compiled
write = {kind}("large.h5", {size})
Path("/proc/self/clear_refs").write_text("5")  # the highest value so far is forgotten
before = highest()
write()
print(highest() - before)
"""


@pytest.mark.parametrize("kind", thorough_from(2, ["many", "curves", "one", "several"]))
def test_writing_costs_a_copy_of_the_records_at_most(kind, tmp_path):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("needs the memory counters of Linux")
    code = CODE.format(tests=str(Path(__file__).parent), kind=kind, size=SIZE)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < SIZE + SPARE
