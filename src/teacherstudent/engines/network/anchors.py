"""Anchors, penalties and importances of earlier tasks in a run of engine `network`."""

from collections.abc import Callable

import numpy as np

from teacherstudent.engines.rates import at_switch
from teacherstudent.engines.start import State
from teacherstudent.errors import RunError
from teacherstudent.errors.messages import penalty_too_strong
from teacherstudent.kernels.network.pulls import Pulls
from teacherstudent.spec.model import Spec


class Anchors:
    """What pulls the first layer of the student to earlier weights.

    Arrays (K, 1) have a number for each unit, arrays (K, N) one for each weight.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    networks : InMemory
        Networks that are trained, at the start.
    state : mapping of str to ndarray
        The state from which the run resumes, empty for a new run.
    switches : int
        The number of switches up to the start.

    Attributes
    ----------
    weights : array (K, N)
        The anchors.
    penalties : array (K, 1) or (K, N)
        Strength times importance.
    path : array (K, 1) or (K, n)
        Path integrals since the last switch, padded like the weights.
    importances : list of arrays (K,)
        Mean importance of each unit at each switch.
    """

    def __init__(self, spec: Spec, networks, state: State, switches: int):
        self.spec, self.block = spec, spec.training.consolidation
        student = networks.student()
        K, self.N = student.shape
        of_weights = self.block is not None and self.block.importances == "weights"
        shape = (K, self.N) if of_weights else (K, 1)
        self.integrates = self.block is not None and self.block.kind.startswith("path_integral")
        self.weights = np.array(state.get("anchor_weights", student))
        self.task_weights = np.array(state.get("task_weights", student)) if self.is_normalised else None
        self.penalties = np.array(state.get("penalties", np.zeros(shape)))
        path = np.array(state.get("path_integral", np.zeros(shape))) if self.integrates else np.zeros((0, 1))
        self.path = as_long(path, networks.W)
        self.importances = list(state.get("importances", np.zeros((switches, K))))

    @property
    def is_normalised(self) -> bool:
        """Whether importances are divided by squared displacements."""
        return self.block is not None and self.block.kind == "path_integral_normalised"

    def at_switch(self, student: np.ndarray, h: np.ndarray, fisher: Callable[[], np.ndarray]) -> bool:
        """Add the penalties for the task before a switch.

        Parameters
        ----------
        student : array (K, N)
            First layer of the student at the switch.
        h : array (K,)
            Head of the task before the switch.
        fisher : callable
            Returns the Fisher information of the task, (K, 1) or (K, N), times N.

        Returns
        -------
        bool
            False where an importance is not finite; then nothing changes.
        """
        if self.block is None:
            self.weights = student.copy()
            return True
        found = self._importances(student, h, fisher)
        if not np.isfinite(found).all():
            return False
        added = at_switch(self.block.strength, len(self.importances)) * found
        before = np.zeros_like(added) if self.block.anchors == "latest" else self.penalties
        self.penalties = before + added
        shares = np.divide(before, self.penalties, out=np.zeros_like(added), where=self.penalties > 0.0)
        # Where there was no penalty before, the anchors are the present weights to the last bit.
        mixed = shares * self.weights + (1.0 - shares) * student
        self.weights = np.where(shares > 0.0, mixed, student).astype(student.dtype)
        self.importances.append(found.mean(axis=1))
        self.path[:] = 0.0
        if self.is_normalised:
            self.task_weights = student.copy()
        return True

    def _importances(self, student, h, fisher) -> np.ndarray:
        """Return the importances for the task before a switch."""
        kind = self.block.kind
        if kind == "ewc":
            return fisher()
        if self.is_normalised:
            moved = student.astype(float) - self.task_weights
            return self.path[:, : self.N] / (moved**2 + self.block.normaliser)
        if self.integrates:
            return self.path[:, : self.N].copy()
        return np.ones((len(h), 1)) if kind == "quadratic" else h[:, None] ** 2

    def pulls(self, W: np.ndarray) -> Pulls:
        """Return the form for the kernels, with rows as long as those of the padded weights W (K, n)."""
        anchors = np.zeros_like(W)
        anchors[:, : self.N] = self.weights
        return Pulls(
            anchors=anchors,
            penalties=as_long(self.penalties, W),
            any=bool(self.penalties.any()),
            proximal=self.block is not None and self.block.step == "proximal",
            l1=self.spec.training.l1 or 0.0,
            path=self.path,
        )

    def check_rate(self, rates: np.ndarray) -> None:
        """Raise RunError if an explicit step would go beyond an anchor.

        Parameters
        ----------
        rates : array (A, K)
            Learning rate of each unit on each task.
        """
        if self.block is None or self.block.step == "proximal":
            return
        of_units, largest = rates.max(axis=0), self.penalties.max(axis=1)
        unit = np.argmax(of_units * largest)
        if of_units[unit] * largest[unit] >= self.N:
            raise RunError(
                penalty_too_strong(self.block.strength, of_units[unit], largest[unit], inputs=self.N)
            )

    def observe(self, student: np.ndarray) -> dict[str, np.ndarray]:
        """Return the overlaps of a student (K, N) with the anchors, and their squared lengths."""
        W, c = student.astype(float, copy=False), self.weights.astype(float, copy=False)
        return {
            "anchor_overlaps": np.einsum("in,kn->ik", W, c) / self.N,
            "anchor_norms": np.einsum("kn,kn->k", c, c) / self.N,
        }

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays of a state."""
        arrays = {"anchor_weights": self.weights.copy()} if self.spec.has_anchors else {}
        if self.block is not None:
            arrays["penalties"] = self.penalties.copy()
            arrays["importances"] = self.stacked()
        if self.integrates:
            arrays["path_integral"] = self.path[:, : self.N].copy()
        if self.is_normalised:
            arrays["task_weights"] = self.task_weights.copy()
        return arrays

    def stacked(self) -> np.ndarray:
        """Return the importances at the switches, (S, K)."""
        return np.array(self.importances, dtype=float).reshape(-1, len(self.weights))


def as_long(values: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Return numbers for each weight, (K, N), padded like W (K, n); and those for each unit unchanged."""
    if values.shape[1] == 1 or not len(values):
        return values
    return np.pad(values, [(0, 0), (0, W.shape[1] - values.shape[1])])
