"""Test samples of the inputs of a task, without noise, and activations on them."""

from collections.abc import Iterator

import numpy as np

from teacherstudent.errors.interruption import WORK_PER_CHECK, check_interruption
from teacherstudent.inputs.structured.samplers import Sampler
from teacherstudent.inputs.structured.sizes import DRAWING, PRODUCTS_PER_WEIGHT, SAMPLES, rows_of_block
from teacherstudent.kernels.network.structured import activities_of_fields, fill_rows
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, counter_key

PIECE = 500  # most samples that are computed together


class TestSamples:
    """Test samples of one law of the inputs: sample i uses the random numbers of step i.

    The inputs of the student are rounded to single precision, which changes errors far less than the finite
    number of samples does.

    Parameters
    ----------
    sampler : Sampler
        How the inputs are computed.
    N, D : int
        Numbers of inputs, and of latent numbers that teachers see; D = 0 where they see the inputs.
    stream : int
        Stream of the random numbers, one for each law of a run.
    stores : bool
        Whether inputs are in memory after their first use; otherwise they are computed again for each one.
    seed, run : int
        Seed of all random numbers, and number of the run.
    """

    __test__ = False  # for pytest: it has no tests

    def __init__(self, sampler: Sampler, N: int, D: int, stream: int, stores: bool, seed: int, run: int):
        self.sampler, self.N, self.D, self.stream, self.stores = sampler, N, D, stream, stores
        uses = Purpose.TEST_LATENTS, Purpose.TEST_INPUTS
        self.keys = [counter_key(seed, run, use) for use in uses]
        self.piece = min(PIECE, rows_of_block(N, sampler.numbers))
        self.stored: list[np.ndarray] = []

    def labels(self, code: int, V: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the labels of teachers, without noise.

        Parameters
        ----------
        code : int
            Code of their activation (`kernels.maths.activations.CODES`).
        V : array (P, M, S)
            Their first layers.
        v : array (P, M)
            Their readouts.

        Returns
        -------
        array (P, samples)
        """
        P, M, S = V.shape
        found, inputs = [], []
        for C, X in self._drawn():
            seen = C[:, : self.D] if self.D else X
            with one_thread():
                fields = seen @ V.reshape(P * M, S).T
            units = activities_of_fields(code, fields, 1.0 / np.sqrt(S)).reshape(-1, P, M)
            found.append(np.einsum("npm,pm->pn", units, v))
            inputs += [X.astype(np.float32)] if self.stores else []
        self.stored = self.stored or inputs
        return np.concatenate(found, axis=1)

    def activities(self, code: int, W: np.ndarray) -> np.ndarray:
        """Return the activations of a student.

        Parameters
        ----------
        code : int
            Code of the activation.
        W : array (K, N)
            First layer.

        Returns
        -------
        array (samples, K)
        """
        with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
            W, found = W.astype(np.float32), []
            for X in self.stored or (X.astype(np.float32) for _, X in self._drawn()):
                self._check(W.size)
                with one_thread():
                    fields = (X @ W.T).astype(float)
                found.append(activities_of_fields(code, fields, 1.0 / np.sqrt(self.N)))
        return np.concatenate(found)

    @staticmethod
    def _check(work: int) -> None:
        """Check for an interruption where all samples, each with `work` multiply-adds, take long."""
        if work * SAMPLES > WORK_PER_CHECK:
            check_interruption()

    def _drawn(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the random numbers C and the inputs X of pieces of all samples."""
        dtype = self.sampler.dtype
        for first in range(0, SAMPLES, self.piece):
            places = np.arange(min(self.piece, SAMPLES - first))
            self._check(self.N * (DRAWING + self.sampler.numbers // PRODUCTS_PER_WEIGHT))
            C, X = (np.empty((len(places), size), dtype) for size in (self.sampler.numbers, self.N))
            fill_rows(C, C.shape[1], places, 1, *self.keys[0], first, self.stream)
            if self.sampler.uses_inputs:
                fill_rows(X, self.N, places, 1, *self.keys[1], first, self.stream)
            with one_thread():
                self.sampler.fill(C, X)
            yield C, X
