"""Functions that plot data, theory as lines and simulations as open points, and the colours of figures.

Import `_figures` first: it imports matplotlib without the settings of the user.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from _seaborn import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes

# Open markers, and the errors of points.
OPEN = {"linestyle": "none", "marker": "o", "markerfacecolor": "none", "markeredgewidth": 0.8, "zorder": 3}
ERROR_BARS = {"elinewidth": 0.7, "capsize": 0}
BAND = {"alpha": 0.25, "linewidth": 0.0}


def series_color(index: int) -> str:
    """Return the colour of a series, counted from 0, from the palette of seaborn for colour-blind readers."""
    return sns.color_palette("colorblind").as_hex()[index]


def task_color(task: int) -> str:
    """Return the colour of a task, counted from 0: bluish green and orange for the first two."""
    return series_color((2, 1, 4, 3, 0)[task % 5])


def colors_along(values: Iterable[float], cmap: str = "viridis") -> list:
    """Return one colour per value, from dark for the smallest to light for the largest."""
    values = np.asarray(list(values), dtype=float)
    span = np.ptp(values) or 1.0
    return list(sns.color_palette(cmap, as_cmap=True)((values - values.min()) / span * 0.92))


def plot_theory(ax: Axes, x, y, series: str, **style):
    """Draw theory as a line.

    Parameters
    ----------
    ax : Axes
    x, y : array_like, shape (n,)
    series : str
        Name in the CSV, and in the legend if `style` has no label.
    style
        Further properties of the line.

    Returns
    -------
    Line2D
    """
    (line,) = ax.plot(x, y, **{"label": series, "linestyle": "-", **style})
    return _mark(line, series, "theory")


def plot_simulation(ax: Axes, x, y, series: str, error=None, **style):
    """Draw simulations as open points.

    Parameters
    ----------
    ax : Axes
    x, y : array_like, shape (n,)
    series : str
        Name in the CSV, and in the legend if `style` has no label.
    error : array_like, shape (n,), optional
        Standard errors of `y`, drawn as bars.
    style
        Further properties of the points.

    Returns
    -------
    Line2D
    """
    style = {"label": series, **OPEN, **style}
    if error is None:
        (line,) = ax.plot(x, y, **style)
    else:
        line = ax.errorbar(x, y, yerr=error, **ERROR_BARS, **style)[0]
    return _mark(line, series, "simulation", error=error)


def plot_runs(ax: Axes, x, values, series: str, errorbar="se", estimator="mean", band=False, **style):
    """Draw the average of several simulations as open points, with their errors or their spread.

    Parameters
    ----------
    ax : Axes
        Panel whose vertical axis is linear: on a logarithmic one seaborn averages logarithms.
    x : array_like, shape (n,)
    values : array_like, shape (n, runs)
        Values of the runs; those of diverged runs are NaN and left out.
    series : str
        Name in the CSV, and in the legend if `style` has no label.
    errorbar : str, tuple or callable
        As for `seaborn.lineplot`: "se" for the standard error, ("pi", width) for percentiles, or a function
        from values to the ends of the bar. None draws no bar.
    estimator : str
        "mean" or "median".
    band : bool
        Draw the spread as a band instead of bars.
    style
        Further properties of the points.

    Returns
    -------
    Line2D

    Raises
    ------
    ValueError
        The vertical axis is logarithmic.
    """
    if ax.get_yscale() != "linear":
        raise ValueError(f"{series}: averages of runs are taken on a linear axis; set its scale afterwards")
    style = {"label": series, "color": "C0", **OPEN, **style}
    frame = pd.DataFrame(np.asarray(values, dtype=float), index=pd.Index(x, name="x"))
    frame = frame.melt(ignore_index=False, value_name="y").reset_index().dropna()
    lines, collections = len(ax.lines), len(ax.collections)
    errorbar = errorbar if np.shape(values)[1] > 1 else None
    how = {"err_style": "band", "err_kws": BAND} if band else {"err_style": "bars", "err_kws": ERROR_BARS}
    how |= {"estimator": estimator, "errorbar": errorbar, "legend": False, "markeredgecolor": style["color"]}
    sns.lineplot(frame, x="x", y="y", ax=ax, **how, **style)
    spread = None if errorbar is None else ax.collections[collections]
    if band:
        _mark(spread, series, "simulation")
    return _mark(ax.lines[lines], series, "simulation", bars=None if band else spread)


def plot_heatmap(ax: Axes, x, y, values, label: str, kind: str, cmap: str = "viridis", **style):
    """Draw a map of cells with a colour bar; the first row is at the bottom, missing cells are grey.

    Parameters
    ----------
    ax : Axes
    x, y : array_like, shape (columns,) and (rows,)
        Coordinates of the cells, written at the axes.
    values : array_like, shape (rows, columns)
        Values of the cells; NaN where there is none.
    label : str
        Name of the values in the CSV and at the colour bar.
    kind : str
        "theory" or "simulation".
    cmap : str
    style
        Further arguments of `seaborn.heatmap`.

    Returns
    -------
    QuadMesh
    """
    names = {"index": [f"{value:g}" for value in y], "columns": [f"{value:g}" for value in x]}
    frame, before = pd.DataFrame(np.asarray(values, dtype=float), **names), len(ax.collections)
    ax.set_facecolor("0.85")
    options = {"mask": frame.isna(), "cbar_kws": {"label": label}, "rasterized": True, **style}
    sns.heatmap(frame, ax=ax, cmap=cmap, **options)
    ax.invert_yaxis()
    ax.tick_params(axis="y", rotation=0)
    ax.tick_params(axis="x", rotation=0)
    return _mark(ax.collections[before], label, kind, x=np.asarray(x), y=np.asarray(y))


def _mark(artist: Artist, series: str, kind: str, **given):
    """Mark an artist as data for the CSV."""
    artist.numbers = {"series": series, "kind": kind, **given}
    return artist
