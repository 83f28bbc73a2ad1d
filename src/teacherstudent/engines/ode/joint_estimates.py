"""Estimated time and memory of engine `ode` for tasks whose covariances of the inputs do not commute."""

from teacherstudent.engines.memory import NUMBER, Parts, record_key, record_memory, with_part
from teacherstudent.engines.ode.structured_estimates import (
    STAGES,
    seconds_of_equations,
    stiffness,
    width_of_records,
)
from teacherstudent.engines.rates import LONGEST_AVERAGED
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import record_steps

LIMIT = 4e9  # bytes of the moments of the weights that are allowed
POSITIONS = 3  # arrays as large as these moments at a switch
LAWS = 3  # matrices of the joint space for each task
LOADINGS = 5  # arrays as large as the loadings of all tasks at the start
# Seconds for each product of numbers: of the decompositions at the start, of a switch, of a record, and of
# the right-hand side with mixed tasks; and its evaluations for a stiffness of 1.
DECOMPOSITION, SWITCH, RECORD, MIXED = 2e-10, 6e-11, 6e-10, 6e-11
EVALUATIONS, POWER = 50.0, 0.63
START = 0.01  # seconds of the start of a run


def has_joint_space(spec: Spec) -> bool:
    """Return whether the covariances of the inputs of the tasks do not commute."""
    manifold = spec.inputs.manifold
    return spec.has_task_inputs and manifold.tasks == "interpolated" and manifold.projection != "orthogonal"


def joint_directions(spec: Spec) -> int:
    """Return the number D' of directions that the loadings of all tasks span, at most."""
    return min(spec.inputs.dimension, spec.teachers.count * spec.inputs.latents)


def mixes_laws(spec: Spec) -> bool:
    """Return whether several tasks are trained at the same time, so that all moments are integrated."""
    replay, N = spec.curriculum.replay, spec.inputs.dimension
    if replay is not None and replay.interleave is not None:
        return replay.interleave.new + replay.interleave.old <= LONGEST_AVERAGED * N
    return spec.mixes_tasks


def check_moments(spec: Spec) -> None:
    """Raise SpecError if the moments of the weights need too much memory."""
    if not has_joint_space(spec):
        return
    needed, mixed = NUMBER * _moments(spec) * _copies(spec), mixes_laws(spec)
    if needed <= LIMIT:
        return
    block = spec.inputs.manifold
    key = "latent_dimension" if block.latent_dimension is not None else "latent_fraction"
    why = "with replay or mixtures " if mixed else ""
    raise SpecError(
        f"inputs.manifold.{key}: {getattr(block, key)} is not allowed; {why}engine ode needs "
        f"{needed / 1e9:.3g} GB for moments of the weights in {joint_directions(spec)} directions, at most "
        f"{LIMIT / 1e9:g} GB are allowed; use fewer latent numbers, projection: orthogonal or engine network"
    )


def joint_cost(spec: Spec, runs: int) -> tuple[float, ...]:
    """Estimate the CPU seconds of all runs of a spec (`Engine.cost`)."""
    N, K, P, n = spec.inputs.dimension, spec.student.hidden, spec.teachers.count, joint_directions(spec)
    pairs, switches = K * (K + 1) // 2, spec.teachers.count - 1
    start = START + DECOMPOSITION * (N * (P * spec.inputs.latents) ** 2 + P * n**3)
    at_times = RECORD * len(record_steps(spec)) * P * K**3 * n**2 + SWITCH * switches * 4 * pairs * n**3
    equations = seconds_of_equations(spec, _size_of_modes(spec))
    if mixes_laws(spec):
        first = (spec.curriculum.switch_times or (0.0,))[0] if spec.curriculum.replay is not None else 0.0
        share = max(0.0, 1.0 - first / spec.duration)
        evaluations = EVALUATIONS * (share * stiffness(spec)) ** POWER
        equations += MIXED * evaluations * P * K**2 * n**3
    return runs * start, runs * at_times, runs * equations


def joint_memory(spec: Spec) -> Parts:
    """Estimate the peak memory of a run in bytes, by key."""
    N, P, n = spec.inputs.dimension, spec.teachers.count, joint_directions(spec)
    K, F = spec.student.hidden, P * spec.teachers.hidden
    numbers = _moments(spec) * _copies(spec) + LAWS * P * n**2 + (STAGES + 5) * _size_of_modes(spec)
    rows = len(record_steps(spec)) * width_of_records(K, F, spec.heads, P)
    key = "latent_dimension" if spec.inputs.manifold.latent_dimension is not None else "latent_fraction"
    at_start = N * (LOADINGS * P * spec.inputs.latents + 2 * (F + K))  # before there are any moments
    parts = {
        "inputs.dimension": float(NUMBER * max(0, at_start - numbers)),
        f"inputs.manifold.{key}": float(NUMBER * numbers),
    }
    return with_part(parts, record_key(spec), record_memory(spec, "all") + NUMBER * rows)


def _moments(spec: Spec) -> int:
    """Return the number of second moments of the weights in the joint space."""
    K = spec.student.hidden
    return K * (K + 1) // 2 * joint_directions(spec) ** 2


def _copies(spec: Spec) -> int:
    """Return the number of arrays as large as the moments: those of the integrator if tasks are mixed."""
    return POSITIONS + (STAGES + 3 if mixes_laws(spec) else 0)


def _size_of_modes(spec: Spec) -> int:
    """Return the length of the state in the modes of one task."""
    K, modes = spec.student.hidden, min(spec.inputs.dimension, spec.inputs.latents)
    return (modes + 1) * (K + K * (K + 1) // 2 + K * K)
