"""The formulation of tasks with aligned orthogonal projections, `kernels.ode.blocks`."""

from functools import lru_cache
from typing import Self

import numpy as np

from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.task_inputs import TaskInputs
from teacherstudent.engines.start import State
from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.inputs.structured.projections import orthogonal_columns, projection_factor
from teacherstudent.kernels.ode.blocks import BlockLayout, Blocks, Manifolds, block_layout, blocks_of
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.sampling import Networks, sample_networks
from teacherstudent.spec.model import Spec

# Number of sets of weights whose products with blocks are kept in memory, for grids with the same networks.
PRODUCTS = 8


class Aligned(TaskInputs):
    """State of the moments of the blocks.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    y : (n,) array
        State.
    T : (P M, P M) array
        Covariances of the fields of all teachers.
    v : (P, M) array
        Readouts of the teachers.
    """

    def __init__(self, spec: Spec, y: np.ndarray, T: np.ndarray, v: np.ndarray):
        super().__init__(spec, y, T, v)
        self.manifolds, self.layout = manifolds_of(spec, T), layout_for(spec)

    @classmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run."""
        spec, seed, run = origin
        networks = sample_networks(spec, seed, run)
        y, T = _start(spec, networks, seed, run)
        return cls(spec, y, T, networks.v)

    @classmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run."""
        arrays = (
            np.array(state[name]) for name in ("order_parameters", "teacher_overlaps", "teacher_readouts")
        )
        return cls(origin.spec, *arrays)

    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""
        return type(self)(self.spec, np.array(state["integrator_y"]), self.T, self.v)

    @staticmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a state has as many numbers as those of a spec."""
        return "order_parameters" in state and len(state["order_parameters"]) == layout_for(spec).size

    def model(self, task: int, noise: float) -> Blocks:
        """Return the covariance model while one task is active.

        Parameters
        ----------
        task : int
            Number of the task, counted from 0.
        noise : float
            Variance of the noise on the student's inputs.

        Returns
        -------
        Blocks
        """
        return blocks_of(self.layout, self.manifolds, self.v[task], task, self.spec.head_of(task), noise)

    def largest_eigenvalue(self) -> float:
        """Return the largest eigenvalue of the covariances of the inputs of all tasks."""
        return float(np.linalg.eigvalsh(self.manifolds.omega[:-1]).max())

    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return further arrays of a state: none."""
        return {}


def layout_for(spec: Spec) -> BlockLayout:
    """Return the layout of the state of runs of a spec."""
    F, n = spec.teachers.count * spec.teachers.hidden, projection_factor(spec).shape[1]
    return block_layout(spec.student.hidden, n, F, spec.heads)


def manifolds_of(spec: Spec, T: np.ndarray) -> Manifolds:
    """Return the laws of the inputs of all tasks.

    Pre-activations have the variance 1: the mean over the inputs, as all columns have the length sqrt N.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    T : (P M, P M) array
        Covariances of the fields of all teachers.

    Returns
    -------
    Manifolds
    """
    u, delta = projection_factor(spec), spec.inputs.latents / spec.inputs.dimension
    b, c = map(float, coefficients(spec.inputs.manifold.folding, 1.0))
    rest, unit = c - b**2, np.eye(u.shape[1])
    omega = [rest * unit + b**2 / delta * np.outer(row, row) for row in u]
    outside = np.append(np.full(len(u), rest), 1.0)
    arrays = np.stack([*omega, unit]), outside, b / delta * u, delta * T, T
    return Manifolds(*map(np.ascontiguousarray, arrays), delta)


@one_thread()
def _start(spec: Spec, networks: Networks, seed: int, run: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the state of initial networks, and the covariances of the fields of all teachers."""
    (K, N), D, n = networks.W.shape, spec.inputs.latents, projection_factor(spec).shape[1]
    B = networks.V.reshape(-1, D)
    w = _products(N, n * D, seed, run, K, networks.W.tobytes()).reshape(K * n, D)
    q = w @ w.T / N
    within = np.einsum("kxlx->kl", q.reshape(K, n, K, n))
    rest = networks.W @ networks.W.T / N - within
    parts = q, w @ B.T / N, 0.5 * (rest + rest.T), networks.h
    return np.concatenate([part.ravel() for part in parts]), B @ B.T / D


@lru_cache(PRODUCTS)
def _products(N: int, count: int, seed: int, run: int, K: int, weights: bytes) -> np.ndarray:
    """Return the products (K, count) of weights (K, N) with the columns of all blocks.

    Points of a grid differ in the relations of projections and of teachers, but share these.
    """
    with one_thread():
        return np.frombuffer(weights).reshape(K, N) @ orthogonal_columns(N, count, seed, run)
