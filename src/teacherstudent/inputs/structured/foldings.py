"""Foldings of projected latent numbers, x_i = f(u_i), and their Gaussian averages.

For u = s z with a standard normal z, a folding has the mean a = <f>, which is subtracted, and the
coefficients

    b(s) = <z f(s z)>,   c(s) = <f(s z)^2> - a^2.

Goldt, Mezard, Krzakala & Zdeborova, Phys. Rev. X 10 (2020) 041044.
"""

import numpy as np


def coefficients(folding: str, s: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients b and c of a folding.

    Parameters
    ----------
    folding : {"sign", "erf", "linear", "relu"}
        The folding; the mean of relu is subtracted.
    s : float or array
        Standard deviation of the projected numbers, > 0.

    Returns
    -------
    b, c : arrays of the shape of s
    """
    s = np.asarray(s, dtype=float)
    if folding == "sign":
        return np.full_like(s, np.sqrt(2.0 / np.pi)), np.ones_like(s)
    if folding == "erf":
        square = s**2
        ratio = square / (1.0 + square)
        return np.sqrt(2.0 / np.pi * ratio), 2.0 / np.pi * np.arcsin(ratio)
    if folding == "relu":
        return s / 2.0, s**2 * (0.5 - 0.5 / np.pi)
    return s.copy(), s**2


def covariance_of_folded(folding: str, C: np.ndarray) -> np.ndarray:
    """Return the covariance of folded numbers, exactly.

    Parameters
    ----------
    folding : {"sign", "erf", "linear"}
        The folding.
    C : (N, N) array
        Covariance of the projected numbers.

    Returns
    -------
    (N, N) array
        (2 / pi) asin of C_ij / sqrt(C_ii C_jj) for sign, of C_ij / sqrt((1 + C_ii) (1 + C_jj)) for erf.
    """
    if folding == "linear":
        return C
    variances = np.diag(C) + (1.0 if folding == "erf" else 0.0)
    lengths = np.sqrt(variances)
    return 2.0 / np.pi * np.arcsin(np.clip(C / np.outer(lengths, lengths), -1.0, 1.0))


def mean(folding: str, s: np.ndarray) -> np.ndarray:
    """Return the mean a of a folding, which is subtracted.

    Parameters
    ----------
    folding : {"sign", "erf", "linear", "relu"}
        The folding.
    s : array
        Standard deviations of the projected numbers.

    Returns
    -------
    array of the shape of s
        s / sqrt(2 pi) for relu, 0 for the others.
    """
    return s / np.sqrt(2.0 * np.pi) if folding == "relu" else np.zeros_like(s)
