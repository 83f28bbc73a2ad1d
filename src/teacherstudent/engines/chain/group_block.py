"""Chains with groups of inputs that advance together."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.chain.group_networks import in_frames, sample_in_groups
from teacherstudent.engines.chain.groups import groups_of, new_groups
from teacherstudent.engines.chain.networks import Columns, columns_of, gram, resumed
from teacherstudent.engines.start import Start, State
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.chain import frames, group_overlaps, groups, records
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.spec.model import Spec


class GroupBlock(Block):
    """Chains with structured inputs; all have the same inputs. Arguments are those of `Block`."""

    can_save_states = False

    def columns(self, seed: int, runs: Sequence[int], starts: Sequence[Start]) -> Columns:
        """Return the networks of all chains at their starts, and set the groups of inputs.

        Parameters
        ----------
        seed : int
            Seed of all random numbers.
        runs : sequence of int
            Number of the run of each chain.
        starts : sequence of Start
            The start of each chain.

        Returns
        -------
        Columns
        """
        self.groups = new_groups(self.specs[0], len(self.specs))
        if starts[0].state is not None:
            return resumed(self.specs[0], [start.state for start in starts])
        drawn = [sample_in_groups(spec, seed, run) for spec, run in zip(self.specs, runs, strict=True)]
        B, S = in_frames(self.specs[0], drawn)
        v, h = np.stack([one.v for one in drawn]), np.stack([one.h for one in drawn], axis=-1)
        return columns_of(self.specs[0], S, frames.Teachers(B, gram(B), v), h, S[:0])

    @property
    def input_groups(self) -> int:
        """Number of groups of inputs."""
        return len(self.groups.n)

    def errors_below_threshold(self) -> np.ndarray:
        """Return whether errors are below their thresholds, (C,)."""
        fixed = self.shape, self.groups, self.teachers, self.state, self.constants.step
        return group_overlaps.below_threshold(*fixed)

    def measured(self) -> dict[str, np.ndarray]:
        """Return the order parameters and errors of all chains, by name."""
        (K, n, C), PM = self.state.S.shape, len(self.teachers.B)
        shapes = (C, K, K), (C, K, PM), (C, K, K), self.teachers.v.shape[:2]
        Q, R, W, errors = (np.empty(shape) for shape in shapes)
        for part in in_pieces(C, K * (2 * K + PM) * n):
            fixed = self.shape, self.groups, self.teachers.B, self.state.S
            group_overlaps.measure(*fixed, Q, R, W, part.start, part.stop)
        measures = records.Measures(Q[:, None], R[:, None], errors[:, None], *self.work_space)
        if self.shape.student == self.shape.teacher == ERF:  # with the bits of independent inputs
            records.fill_errors_of_erf(self.teachers, self.h[None], measures, 0)
        else:
            self.fill_errors(self.h[None], measures, 0)
        return {
            "student_overlaps": Q,
            "student_weight_overlaps": W,
            "student_teacher_overlaps": R,
            "generalisation_error": errors,
        }

    def advance(self, end: int) -> None:
        """Train to a step, or to an earlier one where a threshold is reached."""
        constants, tasks, (parts, terms) = self.constants.step, self.constants.tasks, self.modes()
        if self.groups.rest.any():
            terms = terms._replace(input_noise=True)
        changing = self.teachers, self.state, constants, self.keys, self.buffers
        tasks = parts.tasks, parts.in_turn, tasks
        steps = self.step, end, self.kernel_interval
        self.step = groups.train(self.shape, self.groups, terms, *tasks, *changing, *steps)

    def state_of(self, c: int) -> State:
        """Return the state from which one chain can resume, with the groups of inputs."""
        return super().state_of(c) | {"input_groups": input_groups(self.specs[c])}


def input_groups(spec: Spec) -> np.ndarray:
    """Return the numbers of each group of inputs, (G, 4); nothing for independent inputs."""
    return np.array(groups_of(spec) if spec.inputs.is_structured else (), dtype=float)
