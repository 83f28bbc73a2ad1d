"""Blocks of training inputs: those of a fixed number of consecutive steps, computed together."""

from collections.abc import Sequence

import numpy as np

from teacherstudent.inputs.structured.samplers import Sampler
from teacherstudent.inputs.structured.sizes import rows_of_block
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.network.structured import Rows, fill_rows
from teacherstudent.kernels.network.tasks import Tasks, find_tasks
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, counter_key

PADDING = 32  # of rows of latent numbers, as in `by_unit`


class Blocks:
    """The inputs of training, block by block.

    A block has the steps i S, ..., i S + S - 1, counted from the start of the run, and is always computed as
    a whole, as if its tasks were drawn in the same way in all of these steps: the rounding of a matrix
    product depends on its shape. Therefore the inputs of a step do not depend on the division of training
    into calls.

    Parameters
    ----------
    samplers : sequence of Sampler
        How the inputs of each task are computed.
    W : array (K, n)
        Padded weights, which determine the length and the precision of rows.
    N, D : int
        Numbers of inputs, and of latent numbers that teachers see; D = 0 where they see the inputs.
    batch : int
        Samples of a step.
    seed, run : int
        Seed of all random numbers, and number of the run.
    """

    def __init__(
        self,
        samplers: Sequence[Sampler],
        W: np.ndarray,
        N: int,
        D: int,
        batch: int,
        seed: int,
        run: int,
    ):
        self.samplers, self.N, self.batch = samplers, N, batch
        self.keys = {
            use: counter_key(seed, run, use)
            for use in (Purpose.LATENTS, Purpose.EQUIVALENT_INPUTS, Purpose.TASKS)
        }
        numbers = max(sampler.numbers for sampler in samplers)
        self.steps = max(1, rows_of_block(N, numbers) // batch)
        self.shape, self.dtype = (self.steps * batch, W.shape[1], -(-numbers // PADDING) * PADDING), W.dtype
        self.scale = float(np.sqrt(N / D)) if D else 0.0
        self.made: tuple | None = None
        self.rows: Rows | None = None

    def rows_at(self, step: int, tasks: Tasks) -> Rows:
        """Return the block of a step, computed at the first call for it.

        Parameters
        ----------
        step : int
            Number of the step, counted from the start of the run.
        tasks : Tasks
            The tasks of the stage.

        Returns
        -------
        Rows
            It is valid until the next call.
        """
        made = step // self.steps, tasks.labels.tobytes(), tasks.ends.tobytes(), tasks.turns.tobytes()
        if made != self.made:
            self.made = None
            self._make(step // self.steps * self.steps, tasks)
            self.made = made
        return self.rows

    def release(self) -> None:
        """Free the memory of the block."""
        self.rows = self.made = None

    def _make(self, first: int, tasks: Tasks) -> None:
        """Compute the block that starts at step `first`."""
        if self.rows is None:
            rows, n, d = self.shape
            X, C = aligned_zeros((rows, n), self.dtype), aligned_zeros((rows, d), self.dtype)
            order = np.zeros(self.steps, np.int64), np.arange(self.steps)
            self.rows = Rows(X, C, *order, first, self.scale)
        self.rows = self.rows._replace(first=first)
        X, C, found, places, *_ = self.rows
        found[:], places[:] = 0, np.arange(self.steps)
        if len(tasks.ends) > 1:
            find_tasks(found, tasks.ends, tasks.turns, *self.keys[Purpose.TASKS], first)
            places[np.argsort(found, kind="stable")] = np.arange(self.steps)
        samplers = [self.samplers[teacher] for teacher in tasks.labels]
        numbers = max(sampler.numbers for sampler in samplers)
        fill_rows(C, numbers, places, self.batch, *self.keys[Purpose.LATENTS], first, 0)
        if any(sampler.uses_inputs for sampler in samplers):
            fill_rows(X, self.N, places, self.batch, *self.keys[Purpose.EQUIVALENT_INPUTS], first, 0)
        self._fill(samplers, np.bincount(found, minlength=len(samplers)) * self.batch)

    @one_thread()
    def _fill(self, samplers: Sequence[Sampler], counts: np.ndarray) -> None:
        """Compute the inputs from random numbers, task by task; tasks with the same inputs together."""
        begin, ends = 0, np.cumsum(counts)
        for number, (sampler, end) in enumerate(zip(samplers, ends, strict=True)):
            last = number + 1 == len(samplers) or samplers[number + 1] is not sampler
            if last and end > begin:
                sampler.fill(self.rows.C[begin:end], self.rows.X[begin:end])
            begin = end if last else begin
