"""A step of engine `network` on a hidden manifold against a plain numpy loop and its matrix product."""

from collections.abc import Iterator

import numpy as np
import reference
from simulations import Timed
from timing import Line, dearer, faster, seconds

from teacherstudent import parse_spec
from teacherstudent.engines.network.training import Training
from teacherstudent.engines.phases import phases_left
from teacherstudent.engines.start import BEGINNING
from teacherstudent.networks.linear_algebra import one_thread

UNITS = 2
WORK = 1e9  # multiply-adds of the products in one measurement


def network(N: int, D: int) -> Timed:
    """Steps of the network, in whole blocks of inputs."""
    document = {
        "inputs": {"dimension": N, "distribution": "hidden_manifold", "manifold": {"latent_dimension": D}},
        "teachers": {"count": 1, "hidden": UNITS},
        "student": {"hidden": UNITS, "initial": {"weights_std": 1.0, "readouts_std": 0.5}},
        "training": {"learning_rate": 0.1},
        "duration": 1e6,
        "record": {"count": 2},
    }
    run = Training(parse_spec(document), 0, 0, lambda _: None, BEGINNING, {})
    (phase,) = phases_left(run.spec, 0, [], run.step_at)
    run.begin(phase)
    steps = run.steps_in(run.stages(phase)[0], phase.teacher)
    block = run.source.blocks.steps
    return lambda n: run.made(n, steps.train(run.step, n)), block * max(1, round(WORK / (N * D * block)))


def numpy_loop(N: int, D: int) -> Timed:
    """Steps of the plain numpy loop."""
    random = np.random.RandomState(0)
    F, W, h = random.randn(N, D), random.randn(UNITS, N), 0.1 * random.randn(UNITS)
    V, v = random.randn(UNITS, D), np.ones(UNITS)

    def run(n):
        with one_thread():
            reference.manifold_steps(F, W, h, V, v, 0.1, n, random)

    return run, max(10, round(WORK / (N * D) / 10))


def product(N: int, D: int) -> Timed:
    """The product of the latent numbers of some steps with the projections, by numpy."""
    random, rows = np.random.RandomState(0), 2000
    C, F, X = random.randn(rows, D), random.randn(N, D), np.empty((rows, N))

    def run(n):
        with one_thread():
            np.matmul(C[:n], F.T, out=X[:n])

    return run, rows


def lines() -> Iterator[Line]:
    """Measure all of it."""
    ours, plain = seconds(network(1000, 250), numpy_loop(1000, 250))
    yield faster("hidden manifold, N = 1000, D = 250, step against numpy loop", ours, plain, 2.0, 4.0)
    ours, alone = seconds(network(10_000, 1000), product(10_000, 1000))
    yield dearer("hidden manifold, N = 10^4, D = 10^3, step against its product", ours, alone, 1.25, 1.1)
