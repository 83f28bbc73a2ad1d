"""Inputs from generators: random networks of sign units, or second moments from a file.

Goldt, Loureiro, Reeves, Krzakala, Mezard & Zdeborova, "The Gaussian equivalence of generative models for
learning with shallow neural networks" (2022).
"""

import numpy as np

from teacherstudent.inputs.structured.foldings import covariance_of_folded
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.randomness import Purpose, normals
from teacherstudent.spec.model import Spec
from teacherstudent.spec.structured_files import read_array


def layers_of(spec: Spec, seed: int, run: int) -> list[np.ndarray]:
    """Return the weights of the layers of a random generator, from the latent numbers to the inputs.

    Parameters
    ----------
    spec : Spec
        Spec with `inputs.generator.layers`.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    list of arrays (width, width of the layer before)
        Independent normal numbers with variance 1 / width of the layer before.
    """
    widths = spec.inputs.generator.layers
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    draws = np.split(normals(seed, run, Purpose.GENERATOR, (int(ends[-1]),)), ends[:-1])
    return [draw.reshape(shape) / np.sqrt(shape[1]) for draw, shape in zip(draws, shapes, strict=True)]


@one_thread()
def moments_of_layers(layers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of generated inputs, and their covariance with the latent numbers.

    Layer by layer, from Omega = Phi = 1, with S = F Omega F^T and correlated Gaussian fields:

        Omega <- (2 / pi) asin(S_ij / sqrt(S_ii S_jj)),   Phi <- sqrt(2 / pi) F Phi / sqrt(S_ii).

    Parameters
    ----------
    layers : list of arrays (width, width of the layer before)
        Weights of the layers.

    Returns
    -------
    covariance : array (N, N)
    cross : array (N, D)
    """
    covariance = cross = np.eye(layers[0].shape[1])
    for F in layers:
        S = F @ covariance @ F.T
        covariance = covariance_of_folded("sign", S)
        cross = np.sqrt(2.0 / np.pi / np.diag(S))[:, None] * (F @ cross)
    return covariance, cross


def moments_of_generator(spec: Spec, seed: int, run: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the second moments of the inputs of a spec with a generator.

    Parameters
    ----------
    spec : Spec
        Spec with `inputs.generator`.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    covariance : array (N, N)
        Covariance of the inputs.
    cross : array (N, D)
        Their covariance with the latent numbers.
    """
    block = spec.inputs.generator
    if block.layers is not None:
        return moments_of_layers(layers_of(spec, seed, run))
    arguments = "inputs.generator", block.file, block.sha256
    return read_array(*arguments, "covariance")[0], read_array(*arguments, "cross_covariance")[0]
