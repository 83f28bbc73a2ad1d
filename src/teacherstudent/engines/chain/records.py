"""Records of chains that advance together: of the present state, and of states that kernels have saved."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from teacherstudent.engines.chain import anchors
from teacherstudent.engines.chain.trajectories import in_stored_layout
from teacherstudent.engines.trajectory import stored_T
from teacherstudent.errors.interruption import in_pieces
from teacherstudent.kernels.chain import records
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.maths.activations import ERF

# Numbers of saved states before they are measured: 1 MB, which the second-level cache has.
SAVED_NUMBERS = 1 << 17


class RecordedChains:
    """The part of `block.Block` that records."""

    can_save_states = True  # whether the kernel saves states at recorded steps, which are measured later

    @property
    def places(self) -> int:
        """Number of states that the kernel can save in the present stages."""
        if not self.can_save_states or self.moves or self.specs[0].has_anchors or any(self.modes()[0]):
            return 0
        return len(self.saved_S)

    def begin_records(self) -> None:
        """Allocate work space for records."""
        (C, P, M), (K, n, _) = self.teachers.v.shape, self.state.S.shape
        self.records: dict[str, np.ndarray] = {}
        self.recorded = np.zeros(C, dtype=int)
        number = min(SAVED_NUMBERS // (C * K * (n + len(self.h))), len(self.due))
        self.saved_S, self.saved_h = np.empty((number, K, n, C)), np.empty((number, *self.h.shape))
        rows = K + P * M
        ends = np.cumsum([rows, rows, P * M, P])
        self.work_space = np.split(aligned_zeros((ends[-1] + P + 1, C)), ends)

    def record(self) -> None:
        """Record the present state if this step is recorded; chains with numbers that are not finite end."""
        if self.count == len(self.due) or self.due[self.count] != self.step:
            return
        self.put_heads_back()
        self.update_T()
        row = self.measured() | {"student_readouts": self.h.transpose(2, 0, 1)}
        if self.has_classes:
            row.pop("generalisation_error", None)  # that of class labels follows at the end, for all records
        if self.moves:
            row["teacher_overlaps_in_time"] = self.teachers.T
        if self.specs[0].has_anchors:
            row |= anchors.measured(self.shape, self.state.S, self.anchors.c)
        for name, part in row.items():
            self.new_records(name, part.shape[1:])[:, self.count] = part
        self.count_records(1, self.finite[:, None])

    def new_records(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return the memory (C, T, ...) of the records of a quantity, allocated if there is none."""
        if name not in self.records:
            self.records[name] = np.empty((len(self.specs), len(self.due), *shape))
        return self.records[name]

    def count_records(self, number: int, finite: np.ndarray) -> None:
        """Count new records of all chains; a chain ends at its first record that is not finite.

        Parameters
        ----------
        number : int
            Number n of the new records.
        finite : array (C, n) of bool
            Whether a chain was finite at each of them.
        """
        new = slice(self.count, self.count + number)
        good = finite.copy()
        for array in self.records.values():
            found = np.isfinite(array[:, new])
            if not found.all():
                good &= found.reshape(*good.shape, -1).all(axis=2)
        for c in np.flatnonzero((finite & ~good).any(axis=1)):
            self.state.finite[c] = 0
            self.state.steps[c] = self.due[self.count + int(np.argmin(good[c]))]
        self.recorded += np.logical_and.accumulate(good, axis=1).sum(axis=1)
        self.count += number

    def history(self) -> records.History:
        """Return memory for the states at the next recorded steps."""
        steps = self.due[self.count : self.count + self.places]
        n = len(steps)
        if len(self.h) > 1:
            self.saved_h[:n] = self.h
        return records.History(np.array(steps, dtype=np.int64), self.head, self.saved_S[:n], self.saved_h[:n])

    def record_saved(self) -> None:
        """Record the states that kernels have saved up to this step."""
        n = min(self.places, bisect_right(self.due, self.step) - self.count)
        if not n:
            return
        S, h, shapes = self.saved_S[:n], self.saved_h[:n], self.shapes_of_records
        found = [self.new_records(name, shape) for name, shape in shapes.items()]
        self.measure(S, h, found, self.count)
        readouts = self.new_records("student_readouts", self.h.shape[:2])
        readouts[:, self.count : self.count + n] = h.transpose(3, 0, 1, 2)
        steps = np.array(self.due[self.count : self.count + n])
        self.count_records(n, self.state.steps[:, None] >= steps)

    def records_of(self, c: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the times of the records of one chain, and what was recorded, by name."""
        own = c, slice(self.recorded[c])
        return self.times[own[1]].copy(), {name: array[own] for name, array in self.records.items()}

    @cached_property
    def shapes_of_records(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of order parameters and errors; those of class labels follow at the end, for all records."""
        K, (PM, P) = len(self.state.S), (len(self.teachers.B), self.teachers.v.shape[1])
        shapes = {"student_overlaps": (K, K), "student_teacher_overlaps": (K, PM)}
        return shapes if self.has_classes else shapes | {"generalisation_error": (P,)}

    def measured(self) -> dict[str, np.ndarray]:
        """Return the order parameters and errors of all chains, by name."""
        C = len(self.specs)
        found = {name: np.empty((C, 1, *shape)) for name, shape in self.shapes_of_records.items()}
        self.measure(self.state.S[None], self.h[None], list(found.values()), 0)
        return {name: array[:, 0] for name, array in found.items()}

    def measure(self, S: np.ndarray, h: np.ndarray, found: list[np.ndarray], start: int) -> None:
        """Measure order parameters and errors of n states of all chains.

        Parameters
        ----------
        S : array (n, K, p + r + q, C)
            Coordinates of the students, / sqrt N.
        h : array (n, H, K, C)
            All heads of the students.
        found : list of array (C, T, ...)
            Memory for what `shapes_of_records` has.
        start : int
            Index of the first state among all T records.
        """
        n, K, axes, C = S.shape
        PM, errors = len(self.teachers.B), found[2:] or [np.empty((C, start + n, 0))]
        measures = records.Measures(*found[:2], *errors, *self.work_space)
        for part in in_pieces(n * K, (K + PM) * axes * C):
            records.measure(self.shape, self.teachers, S, h, measures, start, part.start, part.stop)
        if found[2:] and not self.shape.student == self.shape.teacher == ERF:
            self.fill_errors(h, measures, start)

    def fill_errors(self, h: np.ndarray, measures: records.Measures, start: int) -> None:
        """Compute the errors of units of any kind from the overlaps of n states of all chains.

        Parameters
        ----------
        h : array (n, H, K, C)
            All heads of the students.
        measures : Measures
            Has the overlaps, and receives the errors.
        start : int
            Index of the first state among all records.
        """
        n, _, K, C = h.shape
        for part in in_pieces(n * C, K * (K + len(self.teachers.B))):
            records.fill_errors(self.shape, self.teachers, h, measures, start, part.start, part.stop)

    @cached_property
    def stored_records(self) -> dict[str, np.ndarray]:
        """All records of all chains (C, T, ...), in the layout of files."""
        return in_stored_layout(self.records, self.specs[0].teachers.count)

    @cached_property
    def stored_constants(self) -> tuple[np.ndarray, np.ndarray]:
        """Readouts of the teachers of all chains, and their overlaps at the start in the layout of files."""
        return self.teachers.v.copy(), stored_T(self.initial_T, self.specs[0].teachers.count)
