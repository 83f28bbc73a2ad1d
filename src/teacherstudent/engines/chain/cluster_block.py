"""Chains with inputs of Gaussian clusters that advance together."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.chain.networks import Columns, gram, initial, resumed
from teacherstudent.engines.cluster_errors import cluster_errors
from teacherstudent.engines.start import Start
from teacherstudent.engines.trajectory import Trajectory, active_teachers
from teacherstudent.kernels.chain import arrays, frames
from teacherstudent.kernels.chain.law import label_numbers
from teacherstudent.kernels.compile.alignment import aligned
from teacherstudent.networks.clusters import combinations, sample_cluster_coordinates
from teacherstudent.networks.sampling import Networks


class ClusterBlock(Block):
    """Chains with clusters: their means are the rows of `teachers.B`, their labels `teachers.v`.

    Arguments are those of `Block`.
    """

    can_save_states = False

    def columns(self, seed: int, runs: Sequence[int], starts: Sequence[Start]) -> Columns:
        """Return the students and the means of all chains at their starts.

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
        spec = self.specs[0]
        if starts[0].state is not None:
            return resumed(spec, [start.state for start in starts])
        pairs = zip(self.specs, runs, strict=True)
        drawn = [sample_cluster_coordinates(one, seed, run) for one, run in pairs]
        nets = Networks(*(np.stack(part) for part in zip(*drawn, strict=True)))
        found = initial(spec, nets._replace(v=np.zeros((len(drawn), 1, nets.V.shape[2]))))
        B = aligned(np.einsum("cd,dsx->csx", combinations(spec.inputs.clusters), found.teachers.B))
        return found._replace(teachers=frames.Teachers(B, gram(B), nets.v))

    def new_buffers(self) -> arrays.Buffers:
        """Return the work space of a step."""
        K, clusters = self.specs[0].student.hidden, len(self.teachers.B)
        count = label_numbers(self.constants.step.law.labels)
        return arrays.new_buffers(self.shape, K, clusters, len(self.specs), numbers=count)

    def rows_of(self, teacher: int) -> np.ndarray:
        """Return the coordinates of the means, (clusters, s, C), the same for all tasks."""
        return self.teachers.B

    def measured(self) -> dict[str, np.ndarray]:
        """Return the order parameters of all chains, by name."""
        n = self.shape.p + self.shape.r
        S, A = self.state.S[:, :n], self.state.S[:, self.shape.p : n]
        return {
            "student_overlaps": np.einsum("inx,knx->xik", S, S),
            "student_cluster_overlaps": np.einsum("inx,cnx->xic", A, self.teachers.B),
        }

    def trajectories(self, number: int) -> list[Trajectory]:
        """Return the trajectories of the first chains."""
        return [self._trajectory(c) for c in range(number)]

    def _trajectory(self, c: int) -> Trajectory:
        """Return the trajectory of one chain."""
        spec, times, found = self.specs[c], *self.records_of(c)
        order = found["student_overlaps"], found["student_cluster_overlaps"], found["student_readouts"]
        return Trajectory(
            time=times,
            **found,
            **cluster_errors(spec, *order),
            cluster_overlaps=self.teachers.T[c].copy(),
            active_teacher=active_teachers(times, self.switches[c], self.sequence[c]),
            switch_times=np.array(self.switches[c]),
            diverged_at=None if self.finite[c] else self.state.steps[c] / self.shape.N,
            state=self.state_of(c) if spec.record.state else None,
        )
