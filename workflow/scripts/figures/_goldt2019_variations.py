"""Panels of the figure on variations of Goldt et al. 2019: errors against the number of units K."""

import _figures
import numpy as np
from _goldt2019 import COLORS, late, late_errors, medians
from _goldt2019_limits import FLOORS, clones_limit, informed_limit

NAMES = {"linear": "linear", "erf": "erf", "relu": "ReLU"}


def scaled(entry, **values):
    """Return final errors in units of sigma^2 eta where some axes have given values, (K, run)."""
    eta = values.get("learning_rate", entry.spec.training.learning_rate)
    return late(entry.select(**values)) / (entry.spec.teachers.output_noise[0] ** 2 * eta)


def plot_chain(ax, chain, values, series, **style):
    """Draw means over runs of engine chain; the legend has the line of the equations only.

    Parameters
    ----------
    ax : Axes
    chain : Curves
        Runs along an axis `hidden` with n values.
    values : ndarray, shape (n, runs)
    series : str
        Name of the line; the CSV has it with the addition "runs".
    style
        Further properties of the points.
    """
    _figures.plot_runs(ax, chain.axis("hidden"), values, f"{series}, runs", label=None, **style)


def plot_decay(ax, engines):
    """Draw errors for each rate of decay."""
    ode, chain = engines["ode"], engines["chain"]
    kappas, with_runs = ode.axis("weight_decay"), chain.axis("weight_decay")
    for kappa, color in zip(kappas, _figures.colors_along(range(len(kappas))), strict=True):
        name, line = rf"$\kappa = {kappa:g}$", scaled(ode, weight_decay=kappa)[:, 0]
        _figures.plot_theory(ax, ode.axis("hidden"), line, name, color=color)
        if kappa in with_runs:
            plot_chain(ax, chain, scaled(chain, weight_decay=kappa), name, color=color)
    _figures.log_axes(ax)
    make_room(ax, 30.0)
    ax.legend(loc="upper left", ncols=2)


def make_room(ax, factor):
    """Extend a logarithmic axis upwards by a factor, for a legend."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * factor)


def plot_normalised(ax, engines, random):
    """Draw errors from clones, the `engines`, and from random weights, the curves `random`."""
    ode, chain = engines["ode"], engines["chain"]
    K = ode.axis("hidden")
    _figures.plot_theory(ax, K, late_errors(ode)[:, 0], "clones", color=COLORS[1])
    plot_chain(ax, chain, late_errors(chain), "clones", color=COLORS[1])
    style = {"color": "0.45", "linestyle": "--"}
    _figures.plot_theory(ax, K, clones_limit(K), r"clones, $\eta \to 0$", **style)
    middle = medians(late_errors(random))
    _figures.plot_theory(ax, random.axis("hidden"), middle, "random start", color=COLORS[2])
    _figures.log_axes(ax)
    ax.set_ylim(0.006, 0.2)
    ax.legend(loc="upper right")


def plot_graded(ax, engines):
    """Draw errors for equal and unequal teacher units."""
    ode, chain = engines["ode"], engines["chain"]
    K, eta = ode.axis("hidden"), ode.axis("learning_rate")[-1]
    for units, color in zip(("orthogonal", "graded"), COLORS, strict=False):
        line = scaled(ode, units=units, learning_rate=eta)[:, 0]
        _figures.plot_theory(ax, K, line, units, color=color)
        plot_chain(ax, chain, scaled(chain, units=units), units, color=color)
        style = {"label": None, "color": color, "linestyle": "--"}
        _figures.plot_theory(ax, K, informed_limit(K, units), rf"{units}, $\eta \to 0$", **style)
    ax.set_ylim(0.0, None)
    ax.legend(loc="upper left")


def pair(entry, student, teacher):
    """Return final errors for the activations of student and teacher, (K, run)."""
    return late(entry.select(**{"student.activation": student, "teachers.activation": teacher}))


def plot_mismatch(ax, engines):
    """Draw errors for pairs of activations in units of the error of the best linear student."""
    ode, chain = engines["ode"], engines["chain"]
    K, colors = ode.axis("hidden"), iter(COLORS)
    for teacher, floor in FLOORS.items():
        for student in ("linear", "erf"):
            name, color = f"{NAMES[student]} from {NAMES[teacher]}", next(colors)
            line = medians(pair(ode, student, teacher)) / floor
            _figures.plot_theory(ax, K, line, name, color=color)
            plot_chain(ax, chain, pair(chain, student, teacher) / floor, name, color=color)
    style = {"label": None, "color": "0.45", "linestyle": "--"}
    _figures.plot_theory(ax, K, np.ones(len(K)), "floor", **style)
    ax.set_ylim(0.0, 3.5)
    ax.legend(loc="upper left")


def plot_digits(ax, networks, labels, quantity):
    """Draw an error on test samples of digits.

    Parameters
    ----------
    ax : Axes
    networks : dict of str to Curves
        Runs along axes `labels` and `hidden`, by the trained layers.
    labels : str
        Value of the axis `labels`.
    quantity : str
        Name of the error.
    """
    for (name, entry), color, marker in zip(networks.items(), COLORS, "os", strict=False):
        network = entry.select(labels=labels)
        style = {"color": color, "marker": marker, "linestyle": "-", "linewidth": 0.7}
        _figures.plot_runs(ax, network.axis("hidden"), late(network, quantity), name, **style)
    ax.set_ylim(0.0, None)
    ax.legend(loc="best")
