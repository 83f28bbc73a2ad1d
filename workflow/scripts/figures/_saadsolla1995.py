"""Shared parts of the figures of Saad & Solla 1995: quantities of runs, and measures of their dynamics."""

from collections.abc import Callable, Mapping

import _figures
import numpy as np
from matplotlib.axes import Axes

from teacherstudent.analysis import plateau, plateau_error, plateau_length
from teacherstudent.analysis.plateaus import time_below
from teacherstudent.store.curves import Curves

RUN = TEACHER = 0
ROUNDING = 1e-16  # smaller errors are rounding errors
ESCAPED = 0.5  # lead of one student unit, as a part of T_mm, that counts as escape
WINDOW = (1e-8, 1e-11)  # of the error, over which the decay is measured
GROWTH = (1e-5, 1e-3)  # of differences of R, over which their growth is measured


def errors(curves: Curves) -> np.ndarray:
    """Return the generalisation error, at least ROUNDING, (axes..., time)."""
    return np.maximum(curves.values("generalisation_error")[..., RUN, :, TEACHER], ROUNDING)


def overlaps(curves: Curves) -> np.ndarray:
    """Return the overlaps Q of student units, (axes..., time, K, K)."""
    return curves.values("student_overlaps")[..., RUN, :, :, :]


def teacher_overlaps(curves: Curves) -> np.ndarray:
    """Return the overlaps R of student with teacher units, (axes..., time, K, M)."""
    return curves.values("student_teacher_overlaps")[..., RUN, :, TEACHER, :, :]


def flattest(time: np.ndarray, error: np.ndarray, learnt: float = 1e-3) -> int:
    """Return the index of the time at which log eps changes least before eps falls to a level.

    Parameters
    ----------
    time, error : ndarray, shape (T,)
        Recorded times and errors eps.
    learnt : float
        The level of the error.
    """
    end = int(np.argmax(error < learnt)) or len(error)
    return int(np.argmin(np.abs(np.gradient(np.log(error[:end]), time[:end]))))


def colors_of(units: int) -> list:
    """Return one colour for each unit."""
    return _figures.colors_along(range(units), "viridis")


def plot_both(ax: Axes, engines: Mapping[str, Curves], quantity: Callable, series: str, color) -> None:
    """Draw a quantity of the equations as a line, and of the samples of engine `chain` as points.

    Parameters
    ----------
    ax : Axes
    engines : mapping of str to Curves
        Curves of the engines `ode` and `chain`.
    quantity : callable
        Returns the quantity (time,) of curves.
    series : str
        Name in the CSV and in the legend.
    color
        Colour of line and points.
    """
    ode, chain = engines["ode"], engines["chain"]
    _figures.plot_theory(ax, ode.time, quantity(ode), series, color=color)
    _figures.plot_simulation(ax, chain.time, quantity(chain), series, label=None, color=color, markersize=3)


def heights(ode: Curves) -> dict[str, float]:
    """Return the error on the plateau at the learning rate of a run with K = M, and at vanishing rates."""
    units, rate = ode.spec.student.hidden, ode.spec.training.learning_rate
    return {
        rf"$\eta = {rate:g}$": plateau(units, units, rate).generalisation_error[0],
        r"$\eta \to 0$": plateau_error(units, units),
    }


def leads(entry: Curves) -> np.ndarray:
    """Return the largest minus the second R, divided by T_mm = m, for each teacher unit m, (time, M)."""
    R = np.sort(teacher_overlaps(entry), axis=1)
    return (R[:, -1] - R[:, -2]) / np.arange(1, R.shape[2] + 1)


def escapes(entry: Curves) -> np.ndarray:
    """Return the time at which the lead reaches half of T_mm, for each teacher unit; NaN if never."""
    ahead = leads(entry) >= ESCAPED
    return np.where(ahead.any(axis=0), entry.time[ahead.argmax(axis=0)], np.nan)


def distance_from_permutation(R: np.ndarray) -> float:
    """Return the largest entry of |R - P| for the 0 and 1 nearest to R; 1 if these are no permutation."""
    nearest = np.round(R)
    ones = np.concatenate([nearest.sum(axis=0), nearest.sum(axis=1)])
    return np.abs(R - nearest).max() if np.all(ones == 1.0) else 1.0


def final(entry: Curves, part: float = 0.25) -> float:
    """Return the mean error over the last part of a run."""
    return errors(entry)[entry.time >= (1.0 - part) * entry.time[-1]].mean()


def at_vanishing_rate(rates: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the value at rate 0 of the parabolas through values at three rates, (..., 3)."""
    return np.polyfit(rates, np.moveaxis(values, -1, 0), 2)[-1]


def lengths(ode: Curves) -> np.ndarray:
    """Return the length of the plateau around the flattest part of each run, (rate,)."""
    values = errors(ode)
    return np.array([plateau_length(ode.time, e, e[flattest(ode.time, e)]) for e in values])


def decays(ode: Curves) -> np.ndarray:
    """Return the rate of decay of the error between two levels in each run, (rate,); NaN if not reached."""
    start, end = (time_below(ode.time, errors(ode), level) for level in WINDOW)
    return np.log(WINDOW[0] / WINDOW[1]) / (end - start)


def growths(ode: Curves) -> np.ndarray:
    """Return the rate at which the largest difference of overlaps R grows in each run, (rate,)."""
    R = teacher_overlaps(ode)
    differences = np.ptp(R, axis=-1).max(axis=-1)
    start, end = (ode.time[np.argmax(differences > level, axis=-1)] for level in GROWTH)
    rows = np.arange(len(R))
    sizes = [differences[rows, np.searchsorted(ode.time, when)] for when in (start, end)]
    return np.log(sizes[1] / sizes[0]) / (end - start)


def vanishing(rates: np.ndarray, measured: np.ndarray) -> float:
    """Return the larger root of the parabola through the last three rates of decay."""
    return np.roots(np.polyfit(rates[-3:], measured[-3:], 2)).real.max()
