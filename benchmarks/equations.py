"""The engine `ode` against plain Euler integrators, which take each order parameter in turn."""

from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import numpy as np
import reference
from numba import njit
from timing import Line, dearer, faster, seconds, within

from teacherstudent import parse_spec
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.ode.engine import phase_constants
from teacherstudent.engines.phases import phases
from teacherstudent.engines.start import BEGINNING
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.ode import interventions
from teacherstudent.kernels.ode.equations import derivative
from teacherstudent.kernels.ode.state import pack
from teacherstudent.networks.sampling import initial_order_parameters

DURATION = 1000.0
EULER_STEPS = (0.01, 0.001)


# Interventions whose right-hand sides are compared with those of one task without anchors.
INTERVENTIONS = {
    "two tasks mixed": {"curriculum": {"switch_times": [DURATION / 2], "replay": {"fraction": 0.1}}},
    "one anchor per unit": {
        "training": {"learning_rate": 0.5, "consolidation": {"kind": "quadratic", "strength": 0.1}}
    },
}


def spec(K: int, M: int, **blocks):
    """Two rotated teachers, one after the other, through a plateau to small errors."""
    document = {
        "inputs": {"dimension": 1000},
        "teachers": {
            "count": 2,
            "hidden": M,
            "features": {"relation": "rotated", "similarity": 0.5},
            "readouts": {"norm": 1.0},
        },
        "student": {"hidden": K},
        "training": {"learning_rate": 0.5},
        "curriculum": {"switch_times": [DURATION / 2]},
        "duration": DURATION,
    }
    return parse_spec(document | blocks)


@njit
def derivatives(constants, y, dy, count):
    """Evaluate the right-hand side `count` times, each time elsewhere."""
    reference = reference_to(constants)
    for _ in range(count):
        derivative(y, reference, dy)
        y[0] += 1e-12 * dy[0]


def right_hand_side(K: int, M: int) -> Callable[[int], object]:
    """Evaluations of the right-hand side at the start of a run."""
    of = spec(K, M)
    start = initial_order_parameters(of, seed=0, run=0)
    constants = phase_constants(of, start, phases(of)[0])
    y = pack(start.Q, start.R, start.h)
    return lambda n: derivatives(constants, y, np.empty_like(y), n)


@njit
def derivatives_with_interventions(constants, y, dy, count):
    """The same for a right-hand side with interventions."""
    reference = reference_to(constants)
    for _ in range(count):
        interventions.derivative(y, reference, dy)
        y[0] += 1e-12 * dy[0]


def intervened(K: int, M: int, name: str) -> Callable[[int], object]:
    """Evaluations of the right-hand side with an intervention, after a switch at the start of a run."""
    of = spec(K, M, **INTERVENTIONS[name])
    run = ode.Integration(of, 0, 0, lambda fraction: None, BEGINNING)
    for phase in phases(of):
        run.begin(phase)
    constants, y = run.constants(phase, run.stages(phase)[0]), run.y
    return lambda n: derivatives_with_interventions(constants, y, np.empty_like(y), n)


def groups_of_modes(G: int) -> Callable[[int], object]:
    """Evaluations of the right-hand side with structured inputs in G groups of modes, K = M = 2."""
    block = {"latent_dimension": G - 1, "folding": "sign"}
    of = spec(2, 2, inputs={"distribution": "hidden_manifold", "dimension": 2 * G, "manifold": block})
    run = ode.Integration(of, 0, 0, lambda fraction: None, BEGINNING)
    run.begin(phases(of)[0])
    constants, y = run.constants(phases(of)[0], run.stages(phases(of)[0])[0]), run.y
    return lambda n: derivatives(constants, y, np.empty_like(y), n)


def limit_of_manifolds() -> Callable[[int], object]:
    """Runs with infinitely many inputs and latent numbers, with 16 nodes."""
    block = {"latent_fraction": 0.5, "folding": "sign"}
    of = spec(
        2,
        2,
        inputs={"distribution": "hidden_manifold", "dimension": 1000, "manifold": block},
        numerics={"latents": "infinite", "nodes": 16},
        teachers={"count": 1, "hidden": 2},
        curriculum={},
    )
    return lambda n: [ode.simulate([of], 0, [0], lambda fraction: None, [BEGINNING]) for _ in range(n)]


def euler(step: Callable, K: int, M: int) -> Callable[[int], object]:
    """Euler steps of a reference from the same start."""
    start = initial_order_parameters(spec(K, M), seed=0, run=0)
    C, h = np.block([[start.Q, start.R], [start.R.T, start.T]]), start.h[0].copy()

    def steps(count: int) -> None:
        for _ in range(count):
            step(C, h, start.v[0], 0.5, EULER_STEPS[0])

    return steps


def compiled_reference() -> ModuleType:
    """The reference loops for the order parameters once more, compiled as they stand."""
    found = spec_from_file_location("compiled_reference", reference.__file__)
    module = module_from_spec(found)
    found.loader.exec_module(module)
    for name in ("covariance", "I2", "I3", "I4", "euler_step"):
        setattr(module, name, njit(getattr(module, name)))
    return module


def lines() -> Iterator[Line]:
    """Measure all of it."""
    K, M = 4, 2
    of = spec(K, M)
    ours, plain, compiled, whole = seconds(
        (right_hand_side(K, M), 20_000),
        (euler(reference.euler_step, K, M), 5),
        (euler(compiled_reference().euler_step, K, M), 200),
        (lambda n: ode.simulate([of], 0, [0], lambda fraction: None, [BEGINNING]), 1),
    )
    yield faster("ode, right-hand side against Euler step in numpy", ours, plain, 100, 300)
    yield faster("ode, right-hand side against Euler step in numba", ours, compiled, 40, 90)
    for dt in EULER_STEPS:
        demand = (5e3, 2e4) if dt == EULER_STEPS[0] else (None, None)
        steps = DURATION / dt
        what = f"ode, t = 0 to {DURATION:g}, against {steps:g} such steps in"
        yield faster(f"{what} numpy (extrapolated)", whole, steps * plain, *demand)
        yield faster(f"{what} numba (extrapolated)", whole, steps * compiled, None, None)
    yield within(f"ode, t = 0 to {DURATION:g} with a switch", whole, "ms", 10.0, None)
    for units, of_teacher in ((2, 1), (4, 2)):
        one, *others = seconds(
            (right_hand_side(units, of_teacher), 5000),
            *((intervened(units, of_teacher, name), 5000) for name in INTERVENTIONS),
        )
        for name, other in zip(INTERVENTIONS, others, strict=True):
            what = f"ode, right-hand side with {name}, K = {units}, M = {of_teacher}, against one without"
            yield dearer(what, other, one, 2.5, 2.0)
    for (units, of_teacher), must, aim in (((2, 1), None, 0.13), ((4, 2), 2.0, 0.7), ((8, 4), None, 6.0)):
        (time,) = seconds((right_hand_side(units, of_teacher), 5000))
        yield within(f"ode, right-hand side, K = {units}, M = {of_teacher}", time, "us", must, aim)
    for G, must in ((301, 10.0), (1001, 35.0)):
        (time,) = seconds((groups_of_modes(G), 1000))
        yield within(f"ode, right-hand side, {G} groups of modes, K = 2, M = 2", time, "us", must, None)
    (time,) = seconds((limit_of_manifolds(), 3))
    yield within(
        f"ode, limit of hidden manifolds with 16 nodes, t = 0 to {DURATION:g}", time, "ms", 30.0, None
    )
