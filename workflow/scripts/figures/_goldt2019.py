"""Shared parts of the figures of Goldt et al. 2019: errors after long times, and order of student units."""

from functools import cache

import _figures
import numpy as np

from teacherstudent.analysis import committee, denoiser_state, fixed_point, informed_state
from teacherstudent.store.curves import Curves

TEACHER = PLOTTED = HEAD = 0
NOISE = 0.01  # sigma of fixed points: close to the limit in which errors are proportional to sigma^2
# Largest allowed distance in standard errors; runs at different points share random numbers.
APART = 4.0
LATE = 2.0 / 3.0  # start of the average over errors, as a part of the run
FIRST_LAYER, BOTH_LAYERS = ("features",), ("features", "readouts")
COLORS = tuple(map(_figures.series_color, (0, 1, 2, 4, 7)))
GUESSED = "Goldt et al. 2019, from memory"


def errors(curves: Curves) -> np.ndarray:
    """Return the generalisation error against the teacher, (axes..., run, time)."""
    return curves.values("generalisation_error")[..., TEACHER]


def late(curves: Curves, quantity: str = "generalisation_error") -> np.ndarray:
    """Return the mean of a kind of error over the last third of each run, (axes..., run)."""
    end = curves.time >= LATE * curves.time[-1]
    return curves.values(quantity)[..., end, TEACHER].mean(axis=-1)


def late_errors(curves: Curves) -> np.ndarray:
    """Return the mean error over the last third of each run in units of sigma^2 eta, (axes..., run)."""
    return late(curves) / unit(curves)


def unit(curves: Curves) -> np.ndarray:
    """Return sigma^2 eta, a number or over (axes..., run)."""
    sigma = curves.spec.teachers.output_noise[0]
    rates = [key for key in curves.axes if key == "training.learning_rate"]
    eta = np.array(curves.spec.training.learning_rate)
    if rates:
        axis = list(curves.axes).index(rates[0])
        eta = np.expand_dims(curves.axes[rates[0]], tuple(range(1, len(curves.axes) - axis + 1)))
    return sigma**2 * eta


def averages(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard error over the runs that did not diverge, (..., run) to (...)."""
    count = np.isfinite(values).sum(axis=-1)
    return np.nanmean(values, axis=-1), np.nanstd(values, axis=-1, ddof=1) / np.sqrt(count)


def medians(values: np.ndarray) -> np.ndarray:
    """Return the median over the runs that did not diverge, (..., run) to (...)."""
    return np.nanmedian(values, axis=-1)


def half_quartiles(values) -> tuple[float, float]:
    """Return the ends of a bar around the median with the length of the interquartile range."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return middle - (high - low) / 2.0, middle + (high - low) / 2.0


def plot_medians(ax, K, values, series: str, **style) -> None:
    """Draw medians over runs against the number of units, with bars of the interquartile range.

    Parameters
    ----------
    ax : Axes
    K : array_like, shape (n,)
        Numbers of units, or of surplus units.
    values : ndarray, shape (n, runs)
        Errors; NaN of runs that diverged.
    series : str
        Name in the CSV, and in the legend if `style` has no label.
    style
        Further properties of the points.
    """
    how = {"estimator": "median", "errorbar": half_quartiles, "marker": "^"}
    _figures.plot_runs(ax, K, values, series, **how, **style)


@cache
def informed_error(M: int, K: int, eta: float, noise: float = NOISE) -> float:
    """Return eps / (sigma^2 eta) of the fixed point next to the teacher's units, first layer trained.

    Parameters
    ----------
    M, K : int
        Numbers of units of teacher and student, K >= M.
    eta : float
        Learning rate.
    noise : float
        Standard deviation sigma of the labels' noise.

    Returns
    -------
    float
        NaN where no fixed point is found.
    """
    return _error(informed_state(int(M), int(K)), eta, noise, FIRST_LAYER)


@cache
def denoising_error(M: int, K: int, eta: float) -> float:
    """Return eps / (sigma^2 eta) of the fixed point next to equal clones, both layers trained.

    Parameters
    ----------
    M, K : int
        Numbers of units of teacher and student; M divides K.
    eta : float
        Learning rate.

    Returns
    -------
    float
        NaN where no fixed point is found.
    """
    return _error(denoiser_state(int(M), int(K)), eta, NOISE, BOTH_LAYERS)


def _error(start, eta, noise, train):
    """Return eps / (sigma^2 eta) of the fixed point next to a state; NaN where none is found."""
    point = fixed_point(committee(start, eta, noise, train), start)
    found = point.converged and point.realisable
    return float(point.generalisation_error[TEACHER]) / (noise**2 * eta) if found else np.nan


def growth(values: np.ndarray) -> np.ndarray:
    """Return the error of the largest student divided by that of the smallest, (..., K) to (...)."""
    return values[..., -1] / values[..., 0]


def in_order(R: np.ndarray) -> np.ndarray:
    """Return the order of student units by most similar teacher unit and similarity, for R (K, M)."""
    return np.lexsort((-np.abs(R).max(axis=1), np.abs(R).argmax(axis=1)))


def plot_overlaps(ax, Q, R) -> None:
    """Draw Q and R side by side, one row for each student unit, with zero in white.

    Parameters
    ----------
    ax : Axes
    Q : ndarray, shape (K, K)
        Overlaps of student units.
    R : ndarray, shape (K, M)
        Overlaps of student with teacher units.
    """
    K, M = R.shape
    values = np.hstack([Q, R])
    rows, columns, size = np.arange(1, K + 1), np.arange(1, K + M + 1), np.abs(values).max()
    style = {"cmap": "RdBu_r", "vmin": -size, "vmax": size}
    _figures.plot_heatmap(ax, columns, rows, values, "overlaps $Q_{ik}$, $R_{im}$", "theory", **style)
    names = [str(k) for k in rows] + [f"T{m}" for m in range(1, M + 1)]
    ax.set_xticks(columns - 0.5, names)
    ax.set(xlabel="unit $k$, teacher unit $m$ (T)", ylabel="student unit $i$")
    ax.axvline(K, color="k", linewidth=0.8)
    ax.invert_yaxis()
