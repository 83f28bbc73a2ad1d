"""Chains of students with several hidden layers."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.deep_errors import deep_errors
from teacherstudent.engines.start import Start, State
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.chain.deep import layers_of
from teacherstudent.kernels.chain.frames import fill_overlaps
from teacherstudent.networks.sampling import sample_inner


class LayeredBlock(Block):
    """Chains whose students have inner weights, which are parameters of their law. Arguments of `Block`."""

    can_save_states = False

    def set_law(self, seed: int, runs: Sequence[int], starts: Sequence[Start]) -> None:
        """Set the inner weights of all chains at their starts.

        Parameters
        ----------
        seed : int
            Seed of all random numbers.
        runs : sequence of int
            Number of the run of each chain.
        starts : sequence of Start
            The start of each chain.
        """
        found = [
            sample_inner(spec, seed, run) if start.state is None else start.state["student_inner"]
            for spec, run, start in zip(self.specs, runs, starts, strict=True)
        ]
        step, rows = self.constants.step, self.constants.inner
        student = layers_of(np.stack(found, axis=-1), *rows, self.shape.batch)
        step = step._replace(law=step.law._replace(student=student))
        self.constants = self.constants._replace(step=step)

    @property
    def inner(self) -> np.ndarray:
        """Inner weights of all chains, (C, L - 1, K, K)."""
        return np.moveaxis(self.constants.step.law.student.U, -1, 0)

    @property
    def compares_in_kernels(self) -> bool:
        """False: kernels do not have the errors of several layers."""
        return False

    def measured(self) -> dict[str, np.ndarray]:
        """Return the order parameters and errors of all chains, by name."""
        (K, n, C), PM = self.state.S.shape, len(self.teachers.B)
        Q, R = np.empty((C, K, K)), np.empty((C, K, PM))
        for part in in_pieces(C, K * (K + PM) * n):
            fill_overlaps(self.shape, self.state.S, self.teachers.B, Q, R, part.start, part.stop)
        found = {"student_overlaps": Q, "student_teacher_overlaps": R, "student_inner": self.inner.copy()}
        parts = Q, R, self.teachers.T, np.moveaxis(self.h, -1, 0), self.inner
        errors = [
            deep_errors(spec, *(part[c : c + 1] for part in parts), self.teachers.v[c])
            for c, spec in enumerate(self.specs)
        ]
        return found | {name: np.concatenate([one[name] for one in errors]) for name in errors[0]}

    def errors_below_threshold(self) -> np.ndarray:
        """Return whether errors are below their thresholds, (C,)."""
        thresholds, active = self.constants.step.threshold, self.constants.step.active
        self.put_heads_back()
        found = self.measured()
        errors = found.get("classification_error", found["generalisation_error"])
        return self.finite & (errors[np.arange(len(active)), active] < thresholds)

    def state_of(self, c: int) -> State:
        """Return the state from which one chain can resume, with its inner weights."""
        return super().state_of(c) | {"student_inner": self.inner[c].copy()}
