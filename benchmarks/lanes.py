"""Runs of the engine `ode` side by side, against one after the other."""

from collections.abc import Callable, Iterator

import numpy as np
from equations import derivatives, spec
from numba import njit
from timing import Line, faster, seconds, within

from teacherstudent import Spec, parse_spec
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.ode import choice
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.phases import phases
from teacherstudent.engines.start import BEGINNING
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.vectors import WIDTH, as_vectors
from teacherstudent.kernels.ode.equations import derivative
from teacherstudent.kernels.ode.forms import numbers_of_runs
from teacherstudent.kernels.ode.widening import widened

# Two tasks of one teacher unit each, as in the sweep of `lee2021_feature_similarity`.
TWO_TASKS = {
    "teachers": {
        "count": 2,
        "hidden": 1,
        "features": {"relation": "rotated", "similarity": 0.5},
        "readouts": {"norm": 1.0},
    },
    "student": {
        "hidden": 2,
        "heads": "per_task",
        "initial": {"weights_std": 0.001, "readouts_std": 0.001},
    },
}
# The teachers of `spec`, and the projections of two tasks whose latent directions have a similarity.
RELATED = {
    "count": 2,
    "hidden": 1,
    "features": {"relation": "rotated", "similarity": 0.5},
    "readouts": {"norm": 1.0},
}
ALIGNED = {
    "latent_dimension": 100,
    "folding": "sign",
    "projection": "orthogonal",
    "tasks": "interpolated",
}
# Laws of units and labels, and initial students whose units are not nearly zero.
LAWS = (
    ("relu units", "relu", "relu", {}),
    ("relu student of an erf teacher", "relu", "erf", {}),
    ("erf student of a linear teacher", "erf", "linear", {}),
    ("erf student of a relu teacher", "erf", "relu", {}),
    ("linear student of an erf teacher", "linear", "erf", {}),
    ("erf student of signs of a linear teacher", "erf", "linear", {"labels": "sign"}),
    ("relu student of signs of a linear teacher", "relu", "linear", {"labels": "sign"}),
)
LARGE = {"weights_std": 0.5, "readouts_std": 0.3}
VALUES = 401
ROWS = 41  # of the map of `manifold_continual`
MAP = 10_000
PART = 10  # one of so many runs of the map is measured


@njit(error_model="numpy")
def derivatives_of_lanes(constants, state, dy, count):
    """Evaluate the right-hand side of eight runs `count` times, each time elsewhere."""
    p, y, out = as_vectors(constants), as_vectors(state), as_vectors(dy)
    reference = reference_to(p)
    for _ in range(count):
        derivative(y, reference, out)
        y[0] += 1e-12 * out[0]


def right_hand_sides(of: Spec) -> tuple[Callable[[int], object], Callable[[int], object]]:
    """Evaluations of the right-hand side at the start of a run: alone, and of eight runs at once."""
    run = ode.Integration(of, 0, 0, lambda fraction: None, BEGINNING)
    phase = phases(of)[0]
    run.begin(phase)
    constants, y = run.constants(phase, run.stages(phase)[0]), run.y
    numbers = numbers_of_runs(constants)
    memory, state = (aligned_zeros((len(x), WIDTH)) for x in (numbers, y))
    memory[...], state[...], dy = numbers[:, None], y[:, None], aligned_zeros(state.shape)
    wide = widened(constants, memory)
    return (
        lambda n: derivatives(constants, y, np.empty_like(y), n),
        lambda n: derivatives_of_lanes(wide, state, dy, n),
    )


def other_models() -> dict[str, Spec]:
    """Specs with other units and labels, and with structured inputs."""
    linear = {"activation": "linear"}
    manifold = {"distribution": "hidden_manifold", "dimension": 1000}
    nodes = manifold | {"manifold": {"latent_fraction": 0.5, "folding": "sign"}}
    limit = {"numerics": {"latents": "infinite", "nodes": 16}, "curriculum": {}}
    one = {"count": 1, "hidden": 2}
    others = {
        f"{name}, K = {K}, M = {M}": spec(
            K,
            M,
            teachers=RELATED | {"hidden": M, "activation": teacher} | labels,
            student={"hidden": K, "activation": student, "initial": LARGE},
        )
        for name, student, teacher, labels in LAWS
        for K, M in ((2, 1), (4, 2))
    }
    return others | {
        "linear units, K = 2, M = 1": spec(2, 1, teachers=RELATED | linear, student={"hidden": 2} | linear),
        "aligned orthogonal projections of two tasks, K = 2, M = 1": spec(
            2, 1, inputs=manifold | {"manifold": ALIGNED | {"similarity": 0.5}}
        ),
        "17 groups of modes, K = 2, M = 2": spec(2, 2, inputs=nodes, teachers=one, **limit),
    }


def part_of_manifold_map() -> list[Spec]:
    """One row of the map of `manifold_continual`, both foldings, as the engine receives it."""
    inputs = {"distribution": "hidden_manifold", "dimension": 1000}
    document = TWO_TASKS | {
        "training": {"learning_rate": 0.2},
        "curriculum": {"switch_times": [100.0]},
        "duration": 200.0,
        "record": {"times": [0.0, 100.0, 110.0, 200.0]},
    }
    return [
        with_similarity(
            document | {"inputs": inputs | {"manifold": ALIGNED | {"similarity": 0.5, "folding": folding}}},
            value,
        )
        for folding in ("linear", "sign")
        for value in np.linspace(0.0, 1.0, ROWS)
    ]


def feature_similarity() -> list[Spec]:
    """The sweep of `lee2021_feature_similarity`, as the engine receives it."""
    document = TWO_TASKS | {
        "inputs": {"dimension": 10_000},
        "training": {"learning_rate": 1.0},
        "curriculum": {"switch_times": [100.0]},
        "duration": 300.0,
        "record": {"count": 301},
    }
    return [with_similarity(document, value) for value in np.linspace(0.0, 1.0, VALUES)]


def part_of_map() -> list[Spec]:
    """Some rows of a map of the similarity of two tasks and the learning rate."""
    document = TWO_TASKS | {
        "inputs": {"dimension": 1000},
        "curriculum": {"switch_times": [50.0]},
        "duration": 100.0,
        "record": {"count": 21},
    }
    size = round(MAP**0.5)
    return [
        with_similarity(document | {"training": {"learning_rate": float(rate)}}, value)
        for rate in np.linspace(0.2, 2.0, size // PART)
        for value in np.linspace(0.0, 1.0, size)
    ]


def with_similarity(document: dict, value: float) -> Spec:
    """Return a spec with a similarity of the teachers."""
    features = document["teachers"]["features"] | {"similarity": float(value)}
    return parse_spec(document | {"teachers": document["teachers"] | {"features": features}})


def simulated(specs: list[Spec], fewest: int) -> Callable[[int], object]:
    """Runs of all specs in batches, side by side from a number of runs on."""
    limit = ENGINES["ode"].batch_limit

    def run(_: int) -> None:
        choice.FEWEST = fewest
        for first in range(0, len(specs), limit):
            batch = specs[first : first + limit]
            ode.simulate(batch, 112, [0] * len(batch), lambda fraction: None, [BEGINNING] * len(batch))

    return run


def lines() -> Iterator[Line]:
    """Measure all of it."""
    usual = choice.FEWEST
    for (K, M), aim in (((2, 1), 0.08), ((4, 2), 0.3), ((8, 4), None)):
        alone, eight = right_hand_sides(spec(K, M))
        one, all_lanes = seconds((alone, 5000), (eight, 1000))
        what = f"ode, right-hand side and run of eight side by side, K = {K}, M = {M}"
        yield within(what, all_lanes / WIDTH, "us", None, aim)
        yield faster(f"{what}, against one alone", all_lanes / WIDTH, one, None, None)
    for name, of in other_models().items():
        alone, eight = right_hand_sides(of)
        one, all_lanes = seconds((alone, 5000), (eight, 1000))
        what = f"ode, right-hand side and run of eight side by side, {name}"
        yield within(what, all_lanes / WIDTH, "us", None, None)
        yield faster(f"{what}, against one alone", all_lanes / WIDTH, one, None, None)
    for what, specs, scale, aim in (
        (f"ode, {VALUES} values of the similarity of two tasks", feature_similarity(), 1, 0.25),
        (f"ode, map of {MAP} runs of two tasks", part_of_map(), PART, 5.0),
        (f"ode, {2 * ROWS} runs of two tasks on hidden manifolds", part_of_manifold_map(), 1, None),
    ):
        ours, single = seconds((simulated(specs, usual), 1), (simulated(specs, len(specs) + 1), 1))
        yield within(what, scale * ours, "s", None, aim)
        yield faster(f"{what}, against one after the other", scale * ours, scale * single, None, None)
