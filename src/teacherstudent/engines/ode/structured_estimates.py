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
# Seconds of a run by x = learning rate * largest eigenvalue * duration, for one unit: the larger one of
# SMOOTH x^POWER and STIFF x; and by how much it is larger for each number of the state, and for each K^3.
SMOOTH, POWER, STIFF, NUMBERS, UNITS = 6e-5, 0.63, 1.5e-6, 1.4e-3, 0.02
# Factors of the time for one unit, of numbers and of units for one of eight runs side by side.
ALONE, LANES = (1.0, 1.0, 1.0), (0.15, 0.7, 0.5)
# Seconds of the start of a run, and in addition of N x D projections, of the decomposition of N x D loadings
# for each N D^2, and of orthogonal projections in C columns for each N C^2.
START, DRAWN, MODES, ORTHOGONAL = 0.0005, 5e-9, 3e-10, 1.4e-10
PRODUCTS = 8  # runs whose products with orthogonal projections are saved for all points of a grid
LARGEST = 10.0  # largest eigenvalue of the covariance of inputs of a file
COPIES = 6  # of the loadings while modes are computed


def structured_cost(
    spec: Spec, runs: int, points: float = 1.0, filled: float | None = None
) -> tuple[float, ...]:
    """Estimate the CPU seconds of all runs of a spec with structured inputs (`Engine.cost`).

    Parameters
    ----------
    spec : Spec
        The spec.
    runs : int
        The number of its runs.
    points : float
        The number of points of a grid with the same networks and orthogonal projections.
    filled : float, optional
        Number of lanes for each of the runs that are integrated side by side; None if they are not.

    Returns
    -------
    tuple of float
        Seconds of the start and of the equations.
    """
    tasks = spec.teachers.count if spec.mixes_tasks else 1
    parts, lanes = (ALONE, 1.0) if filled is None else (LANES, filled)
    equations = lanes * seconds_of_equations(spec, size_of_state(spec), parts) * tasks
    N, D, C = spec.inputs.dimension, rank_of_loadings(spec), _orthogonal_columns(spec)
    drawn = 0 if spec.inputs.manifold is None else max(C, spec.inputs.latents)
    saved = points if runs <= PRODUCTS and spec.has_task_inputs else 1.0
    projecting = DRAWN * N * drawn + ORTHOGONAL * N * C**2
    return runs * (START + MODES * N * D**2 + projecting / saved), runs * equations


def _orthogonal_columns(spec: Spec) -> int:
    """Return the number of orthogonal columns of all projections; 0 for those of a Hadamard matrix."""
    N, manifold = spec.inputs.dimension, spec.inputs.manifold
    if manifold is None or manifold.projection != "orthogonal" or N & (N - 1) == 0:
        return 0
    if spec.numerics.latents == "infinite":
        return 0
    return spec.inputs.latents * (spec.teachers.count if spec.has_task_inputs else 1)


def stiffness(spec: Spec) -> float:
    """Return learning rate times largest eigenvalue times duration, on which the number of steps depends."""
    return largest(spec.training.learning_rate) * largest_eigenvalue(spec) * spec.duration


def seconds_of_equations(spec: Spec, size: int, parts: tuple[float, float, float] = ALONE) -> float:
    """Return the seconds of the integration of a state of some length, one task at a time.

    Parameters
    ----------
    spec : Spec
        The spec.
    size : int
        The length of the state.
    parts : tuple of float
        Factors of the time for one unit, of numbers and of units.

    Returns
    -------
    float
    """
    x, (base, numbers, units) = stiffness(spec), parts
    factor = base + numbers * NUMBERS * size + units * UNITS * spec.student.hidden**3
    return max(SMOOTH * x**POWER, STIFF * x) * factor


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
    if spec.has_task_inputs and inputs.manifold.projection == "orthogonal":
        return 0
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
