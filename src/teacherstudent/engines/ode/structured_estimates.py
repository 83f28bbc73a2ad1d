"""Estimated time and memory of engine `ode` with structured inputs."""

import math

import numpy as np

from teacherstudent.engines.memory import NUMBER, Parts, record_key, record_memory, with_part
from teacherstudent.engines.ode.nodes import delta_of, number_of_nodes
from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.spec.interventions import RatePiece
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import record_steps

MOST_GROUPS = 17  # of runs side by side; the states of eight runs with more of them fill the cache
STAGES = 41  # number of states of the equations in the work space of the integrator
# Seconds of a run by x = learning rate * largest eigenvalue * duration, for a few groups of modes: the larger
# one of SMOOTH x^POWER and STIFF x; and by how much it is larger for each number of the state.
SMOOTH, POWER, STIFF, NUMBERS = 7e-5, 0.63, 1.5e-6, 1.4e-3
MODES = 2e-10  # seconds of the decomposition of N x D loadings for each N D^2
START = 0.002  # seconds of the start of a run
LARGEST = 10.0  # largest eigenvalue of the covariance of inputs of a file
COPIES = 6  # of the loadings while modes are computed


def structured_cost(spec: Spec, runs: int) -> tuple[float, ...]:
    """Estimate the CPU seconds of all runs of a spec with structured inputs (`Engine.cost`)."""
    tasks = spec.teachers.count if spec.mixes_tasks else 1
    equations = seconds_of_equations(spec, size_of_state(spec)) * tasks
    N, D = spec.inputs.dimension, rank_of_loadings(spec)
    return runs * (START + MODES * N * D**2), runs * equations


def stiffness(spec: Spec) -> float:
    """Return learning rate times largest eigenvalue times duration, on which the number of steps depends."""
    return largest(spec.training.learning_rate) * largest_eigenvalue(spec) * spec.duration


def seconds_of_equations(spec: Spec, size: int) -> float:
    """Return the seconds of the integration of a state of some length, one task at a time."""
    x = stiffness(spec)
    return max(SMOOTH * x**POWER, STIFF * x) * (1.0 + NUMBERS * size)


def structured_memory(spec: Spec) -> Parts:
    """Estimate the peak memory of a run with structured inputs in bytes, by key."""
    N, D, P, K = spec.inputs.dimension, spec.inputs.latents or 0, spec.teachers.count, spec.student.hidden
    F, laws = P * spec.teachers.hidden, P if spec.has_task_inputs else 1
    rows = len(record_steps(spec)) * width_of_records(K, F, spec.heads, laws)
    loadings = 0 if spec.numerics.latents == "infinite" else COPIES * rank_of_loadings(spec)
    drawn = 2 * laws * D + 2 * (F + K)
    parts = {
        "inputs.dimension": float(NUMBER * N * (loadings + drawn)),
        "student.hidden": float(NUMBER * (STAGES + 5) * size_of_state(spec)),
    }
    return with_part(parts, record_key(spec), record_memory(spec, "all") + NUMBER * rows)


def width_of_records(K: int, F: int, H: int, laws: int) -> int:
    """Return the length of a record: Q of the first task, R, h, Q of all laws of the inputs, and W.

    Parameters
    ----------
    K, F, H, laws : int
        Numbers of student units, of units of all teachers, of heads, and of laws of the inputs.

    Returns
    -------
    int
    """
    return K * (K + F + H + (laws + 1) * K)


def largest(value) -> float:
    """Return the largest of some numbers or pieces of a schedule."""
    if isinstance(value, RatePiece):
        return largest(value.value)
    return max(map(largest, value)) if isinstance(value, tuple) else value


def rank_of_loadings(spec: Spec) -> int:
    """Return the number of columns that have to be decomposed for the modes of a spec; 0 for none."""
    inputs = spec.inputs
    if inputs.covariance is not None:
        return inputs.dimension if inputs.covariance.file is not None else 0
    if spec.numerics.latents == "infinite":
        return 0
    if inputs.manifold is None or spec.numerics.covariance == "exact":
        return inputs.dimension
    tasks = spec.teachers.count if inputs.manifold.tasks == "subspaces" else 1
    return min(inputs.dimension, tasks * inputs.latents)


def groups_of(spec: Spec) -> int:
    """Return the number of groups of modes of runs of a spec, or a few more."""
    covariance, N = spec.inputs.covariance, spec.inputs.dimension
    if spec.numerics.latents == "infinite":
        return number_of_nodes(spec) + 1
    if covariance is not None:
        return N if covariance.values is None else len(covariance.values)
    if spec.inputs.manifold is None or spec.numerics.covariance == "exact":
        return N
    orthogonal = spec.inputs.manifold.projection == "orthogonal"
    if orthogonal and spec.has_task_inputs:
        return spec.teachers.count**2
    if orthogonal and N & (N - 1) == 0:  # the projection is a Hadamard matrix, whose rows have one length
        return 2
    return min(N, spec.inputs.latents + 1)


def has_few_groups(spec: Spec) -> bool:
    """Return whether runs of a spec have so few groups of modes that they are integrated side by side."""
    return groups_of(spec) <= MOST_GROUPS


def size_of_state(spec: Spec) -> int:
    """Return the length of the state of the equations of a spec."""
    K, F = spec.student.hidden, spec.teachers.count * spec.teachers.hidden
    return groups_of(spec) * (K * (K + 1) // 2 + K * F) + spec.heads * K


def largest_eigenvalue(spec: Spec) -> float:
    """Return the largest eigenvalue of the covariance of the inputs of a spec, roughly."""
    covariance, manifold = spec.inputs.covariance, spec.inputs.manifold
    if covariance is not None and covariance.values is not None:
        return max(covariance.values)
    if covariance is not None and covariance.exponent is not None:
        return float(1.0 / np.mean(np.arange(1.0, spec.inputs.dimension + 1.0) ** -covariance.exponent))
    if spec.inputs.latents is None or (manifold is None and spec.inputs.generator.layers is None):
        return LARGEST
    delta = spec.inputs.latents / spec.inputs.dimension if manifold is None else delta_of(spec)
    b, c = coefficients("sign" if manifold is None else manifold.folding, 1.0)
    edge = (
        1.0 if manifold is not None and manifold.projection == "orthogonal" else (1.0 + math.sqrt(delta)) ** 2
    )
    return float((c - b**2) + b**2 * edge / delta)
