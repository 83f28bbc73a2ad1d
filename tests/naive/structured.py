"""Structured inputs drawn in the most direct way, with the random numbers of NumPy."""

import numpy as np
from scipy.special import erf

FOLDINGS = {
    "sign": lambda u, s: np.sign(u),
    "erf": lambda u, s: erf(u / np.sqrt(2.0)),
    "linear": lambda u, s: u,
    "relu": lambda u, s: np.maximum(u, 0.0) - s / np.sqrt(2.0 * np.pi),
}


def folded(F, folding, c):
    """Return inputs (n, N) from latent numbers (n, D)."""
    D = F.shape[1]
    return FOLDINGS[folding](c @ F.T / np.sqrt(D), np.sqrt((F**2).sum(axis=1) / D))


def generated(layers, c):
    """Return the outputs (n, N) of a network of sign units for latent numbers (n, D)."""
    for F in layers:
        c = np.sign(c @ F.T)
    return c
