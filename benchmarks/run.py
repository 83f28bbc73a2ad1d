"""How fast the engines are: ratios to plain reference loops, timed in the same run.

Prints a table and writes results/benchmarks/speed.csv. Times are CPU time of one thread, medians of several
repeats; `make benchmark` keeps the linear algebra of the reference on that thread.
"""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import reference
from numba import njit

from teacherstudent.engines import ode
from teacherstudent.engines.ode import _constants
from teacherstudent.kernels import network as network_kernel
from teacherstudent.kernels import ode as ode_kernel
from teacherstudent.kernels.activations import ERF
from teacherstudent.kernels.philox import fill_normals
from teacherstudent.networks import initial_order_parameters
from teacherstudent.spec import parse_spec

RESULTS = Path(__file__).parents[1] / "results" / "benchmarks" / "speed.csv"
COLUMNS = ("what", "ours", "reference", "ratio", "target", "verdict")
TABLE = "{what:46}{ours:>12}{reference:>14}{ratio:>9}  {target:9}{verdict}"
REPEATS = 7
K, M = 4, 2
KEY_0, KEY_1 = np.uint32(1), np.uint32(2)

SPEC = parse_spec(
    {
        "inputs": {"dimension": 1000},
        "teachers": {
            "count": 2,
            "hidden": M,
            "features": {"relation": "rotated", "similarity": 0.5},
            "readouts": {"norm": 1.0},
        },
        "student": {"hidden": K},
        "training": {"learning_rate": 0.5},
        "curriculum": {"switch_times": [500.0]},
        "duration": 1000.0,
    }
)
FIRST_CALL = """
from teacherstudent import parse_spec, simulate
spec = parse_spec({"inputs": {"dimension": 100}, "teachers": {"count": 2, "hidden": 2},
                   "student": {"hidden": 4}, "training": {"learning_rate": 0.5}, "duration": 1.0})
simulate(spec, "ode"), simulate(spec, "network")
"""


def microseconds(*works: tuple[Callable[[int], object], int]) -> list[float]:
    """Median CPU time of a unit of each work (call, count), where call(count) does `count` units.

    They are timed in turns, so that a change of the machine's speed meets all of them.
    """
    times = [[] for _ in works]
    for call, _ in works:
        call(1)
    for _ in range(REPEATS):
        for (call, count), measured in zip(works, times, strict=True):
            start = time.thread_time()
            call(count)
            measured.append((time.thread_time() - start) / count * 1e6)
    return [statistics.median(measured) for measured in times]


def row(what: str, ours: float, other: float | None, target: str, passes: bool, unit: str = "us") -> dict:
    """One line of the table; the ratio is reference over ours."""
    texts = ("", "") if other is None else (f"{other:.3g} {unit}", f"{other / ours:.3g}")
    values = (what, f"{ours:.3g} {unit}", *texts, target, "pass" if passes else "SHORT")
    return dict(zip(COLUMNS, values, strict=True))


@njit
def draws(x, count):
    """Draw the inputs of `count` steps."""
    for step in range(count):
        fill_normals(x, KEY_0, KEY_1, step, np.uint32(0))


def network_rows(N: int, count: int) -> Iterator[dict]:
    """A step of the network against a plain numpy loop, and against drawing its inputs alone."""
    random = np.random.RandomState(0)
    W, h, V, v = random.randn(K, N), 0.1 * random.randn(1, K), random.randn(M, N), np.ones(M)
    phase = network_kernel.Phase(
        *(ERF, ERF, V, v, 0, np.ones(K)), eta=0.1, eta_h=0.1, decay=0.0, decay_h=0.0,
        output_noise=0.0, input_noise=0.0, batch=1,
    )  # fmt: skip
    x = np.empty(N)
    ours, plain, drawn = microseconds(
        (lambda n: network_kernel.train(W, h, phase, KEY_0, KEY_1, 0, n), count),
        (lambda n: reference.sgd_steps(W, h[0], V, v, 0.1, n, random), count // 10),
        (lambda n: draws(x, n), count),
    )
    yield row(f"network step, N = {N}, against numpy", ours, plain, ">= 15", plain >= 15 * ours)
    yield row(f"network step, N = {N}, against its draws", ours, drawn, ">= 0.45", drawn >= 0.45 * ours)


@njit
def derivatives(phase, y, dy, count):
    """Evaluate the right-hand side `count` times, each time elsewhere."""
    for _ in range(count):
        ode_kernel.derivative(y, phase, dy)
        y[0] += 1e-12 * dy[0]


def ode_rows() -> Iterator[dict]:
    """The right-hand side against Euler steps of plain twins, and a whole run."""
    start = initial_order_parameters(SPEC, seed=0, run=0)
    phase = _constants(SPEC, start, ode.phases(SPEC)[0])
    y = np.concatenate([start.Q.ravel(), start.R.ravel(), start.h.ravel()])
    C = np.block([[start.Q, start.R], [start.R.T, start.T]])
    compiled = compiled_reference()
    ours, slow, fast, whole = microseconds(
        (lambda n: derivatives(phase, y, np.empty_like(y), n), 20_000),
        (lambda n: euler(reference.euler_step, C, start, n), 20),
        (lambda n: euler(compiled.euler_step, C, start, n), 1000),
        (lambda n: ode.simulate(SPEC, 0, 0, lambda fraction: None), 1),
    )
    yield row("ode right-hand side, K = 4, M = 2", ours, None, "<= 2 us", ours <= 2.0)
    yield row("ode right-hand side against plain Python", ours, slow, ">= 1000", slow >= 1000 * ours)
    yield row("ode right-hand side against plain numba", ours, fast, ">= 5", fast >= 5 * ours)
    yield row("ode, t = 0 to 1000 with a switch", whole / 1000, None, "<= 10 ms", whole <= 1e4, "ms")


def compiled_reference() -> ModuleType:
    """The reference loops for the order parameters once more, compiled as they stand."""
    found = spec_from_file_location("compiled_reference", reference.__file__)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    for name in ("I2", "I3", "I4", "euler_step"):
        setattr(module, name, njit(getattr(module, name)))
    return module


def euler(step: Callable, C: np.ndarray, start, count: int) -> None:
    """Take Euler steps from the start."""
    C, h = C.copy(), start.h[0].copy()
    for _ in range(count):
        step(C, h, start.v[0], 0.5, 0.01)


def start_rows() -> Iterator[dict]:
    """A process that imports the package and runs both engines, with nothing and with all compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        cold, *warm = (first_call(environment) for _ in range(6))
    yield row("start with an empty cache, both engines", cold, None, "<= 25 s", cold <= 25.0, "s")
    yield row("warm start, both engines", statistics.median(warm), None, "<= 1 s", min(warm) <= 1.0, "s")


def first_call(environment: dict[str, str]) -> float:
    """Seconds of CPU time of a process that runs each engine once."""
    before = os.times()
    subprocess.run([sys.executable, "-c", FIRST_CALL], env=environment, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Time everything, print the table as it grows and store it."""
    rows = []
    for group in (network_rows(1000, 4000), network_rows(10_000, 400), ode_rows(), start_rows()):
        for line in group:
            print(
                "{what:46}{ours:>12}{reference:>14}{ratio:>9}  {target:9}{verdict}".format(**line), flush=True
            )
            rows.append(line)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
