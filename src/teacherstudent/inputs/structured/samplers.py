"""How the inputs of each task are computed from random numbers."""

from abc import ABC, abstractmethod

import numpy as np

from teacherstudent.errors import RunError
from teacherstudent.inputs.structured.foldings import mean
from teacherstudent.inputs.structured.generators import layers_of, moments_of_generator
from teacherstudent.inputs.structured.setting import Setting
from teacherstudent.inputs.structured.spectra import factor
from teacherstudent.kernels.network.structured import CODES, fold
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.spec.model import Spec

# Largest negative eigenvalue, relative to the largest one, that is regarded as rounding.
PRECISION = 1e-9


class Sampler(ABC):
    """Inputs of N numbers from independent standard normal numbers: `numbers` in a row of C, and N of X."""

    N: int
    numbers: int
    dtype: np.dtype  # of all numbers
    uses_inputs = False  # whether the N numbers in X are used; otherwise they need not be drawn

    @abstractmethod
    def fill(self, C: np.ndarray, X: np.ndarray) -> None:
        """Replace the first N numbers in the rows of X by inputs; rows of C and X can have padding."""


class Folded(Sampler):
    """x = f(F c / sqrt D) for a projection F (N, D), without the mean of f."""

    def __init__(self, F: np.ndarray, folding: str, dtype: np.dtype):
        (self.N, self.numbers), self.code = F.shape, CODES[folding]
        self.scale = 1.0 / np.sqrt(self.numbers)
        self.means = mean(folding, np.sqrt((F**2).sum(axis=1)) * self.scale)
        self.F, self.dtype = F.astype(dtype, copy=False), dtype

    def fill(self, C: np.ndarray, X: np.ndarray) -> None:
        """Compute inputs (`Sampler.fill`)."""
        np.matmul(C[:, : self.numbers], self.F.T, out=X[:, : self.N])
        fold(self.code, X, self.N, self.scale, self.means)


class Generated(Sampler):
    """The outputs of a random network of sign units."""

    def __init__(self, layers: list[np.ndarray], dtype: np.dtype):
        self.layers = [F.astype(dtype, copy=False) for F in layers]
        self.N, self.numbers, self.dtype = len(layers[-1]), layers[0].shape[1], dtype

    def fill(self, C: np.ndarray, X: np.ndarray) -> None:
        """Compute inputs (`Sampler.fill`)."""
        *first, last = self.layers
        units = C[:, : self.numbers]
        for F in first:
            units = units @ F.T
            fold(CODES["sign"], units, units.shape[1], 1.0, np.zeros(0))
        np.matmul(units, last.T, out=X[:, : self.N])
        fold(CODES["sign"], X, self.N, 1.0, np.zeros(0))


class Gaussian(Sampler):
    """x = A c + deviations z, where z are the numbers in X."""

    def __init__(self, loadings: np.ndarray, deviations: np.ndarray, dtype: np.dtype):
        self.loadings, self.deviations = (part.astype(dtype, copy=False) for part in (loadings, deviations))
        (self.N, self.numbers), self.dtype = loadings.shape, dtype
        self.uses_inputs = bool(deviations.any())

    def fill(self, C: np.ndarray, X: np.ndarray) -> None:
        """Compute inputs (`Sampler.fill`)."""
        if not self.uses_inputs:
            np.matmul(C[:, : self.numbers], self.loadings.T, out=X[:, : self.N])
            return
        X[:, : self.N] *= self.deviations
        if self.numbers:
            X[:, : self.N] += C[:, : self.numbers] @ self.loadings.T


def samplers_of(spec: Spec, setting: Setting, seed: int, run: int) -> tuple[Sampler, ...]:
    """Return how the inputs of each task are computed: one object for tasks with the same inputs.

    Parameters
    ----------
    spec : Spec
        Spec with structured inputs.
    setting : Setting
        The setting of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    tuple of Sampler
        One for each task. Latent numbers that teachers see are the first of the numbers in C.

    Raises
    ------
    RunError
        If the moments of a file are not those of inputs with latent numbers.
    """
    inputs, dtype = spec.inputs, np.dtype(spec.numerics.precision)
    if inputs.manifold is not None and not inputs.manifold.equivalent:
        found = [Folded(F, inputs.manifold.folding, dtype) for F in setting.projections]
    elif inputs.generator is not None:
        found = [_generator(spec, seed, run, dtype)]
    else:
        laws = setting.laws if spec.has_task_inputs else setting.laws[:1]
        found = [Gaussian(law.loadings, np.sqrt(law.rest), dtype) for law in laws]
    return tuple(found if len(found) == spec.teachers.count else found * spec.teachers.count)


def _generator(spec: Spec, seed: int, run: int, dtype: np.dtype) -> Sampler:
    """Return the inputs of a generator, or Gaussian ones with its moments, jointly with the latent numbers.

    With the covariance Omega of the inputs and Phi with the latent numbers c: x = Phi c + B z, where
    B B^T = Omega - Phi Phi^T.
    """
    if spec.inputs.generator.layers is not None and not spec.inputs.generator.equivalent:
        return Generated(layers_of(spec, seed, run), dtype)
    covariance, cross = moments_of_generator(spec, seed, run)
    with one_thread():
        rest = covariance - cross @ cross.T
        smallest, largest = np.linalg.eigvalsh(rest).min(), np.linalg.eigvalsh(covariance).max()
        if smallest < -PRECISION * largest:
            raise RunError(
                "inputs.generator.file: covariance minus cross_covariance cross_covariance^T has the "
                f"negative eigenvalue {smallest:.3g}; use moments of the same inputs and latent numbers"
            )
        loadings = np.concatenate([cross, factor(rest)], axis=1)
    return Gaussian(loadings, np.zeros(len(loadings)), dtype)
