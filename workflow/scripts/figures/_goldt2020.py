"""Shared parts of the figures of Goldt et al. 2020: errors, values at given times, and sources of numbers."""

import numpy as np

from teacherstudent.store.curves import Curves

TEACHER = 0
REFERENCE = "independent integration of the equations"
OURS = "the equations of this project"


def errors(curves: Curves) -> np.ndarray:
    """Return the errors in closed form, (axes..., run, time)."""
    return curves.values("generalisation_error")[..., TEACHER]


def errors_on_samples(curves: Curves) -> np.ndarray:
    """Return the errors on test samples, (axes..., run, time)."""
    return curves.values("test_error")[..., TEACHER]


def at(time: np.ndarray, values: np.ndarray, times) -> np.ndarray:
    """Return positive values (..., time) at other times > 0, by interpolation of logarithms.

    Parameters
    ----------
    time : ndarray, shape (T,)
        Recorded times.
    values : ndarray, shape (..., T)
        Positive values.
    times : array_like, shape (S,)
        Times between recorded times > 0.

    Returns
    -------
    ndarray, shape (..., S)
    """
    later = time > 0.0
    x, known = np.log(np.asarray(times, dtype=float)), np.log(time[later])
    flat = np.log(values[..., later]).reshape(-1, later.sum())
    found = np.array([np.interp(x, known, row) for row in flat])
    return np.exp(found).reshape(*values.shape[:-1], len(x))


def distance_in_decades(ode: Curves, network: Curves, first: float = 0.0) -> np.ndarray:
    """Return the median over times of the distance of log10 errors in closed form, (axes..., run).

    Parameters
    ----------
    ode, network : Curves
        Solutions of the equations and networks, with the same axes, or one solution for all networks.
    first : float
        Earliest time that is compared.

    Returns
    -------
    ndarray
    """
    later = (network.time > first) & (network.time <= ode.time[-1])
    ratio = errors(network)[..., later] / at(ode.time, errors(ode), network.time[later])
    return np.median(np.abs(np.log10(ratio)), axis=-1)


def farthest(ratios) -> float:
    """Return the ratio that is farthest from 1."""
    ratios = np.ravel(ratios)
    return float(ratios[np.argmax(np.abs(ratios - 1.0))])
