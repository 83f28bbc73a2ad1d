"""Height and length of the plateau, and the rate of the final decay, against the learning rate.

Believed to be the figures of Saad & Solla 1995 on the choice of the learning rate. The reader should see
that the plateau is shortest at a finite rate, that the error decays fastest at another rate and does not
decay from the critical rate on, and the accuracy of the published formulas for both rates.
"""

from functools import partial

import _figures
import numpy as np
from _saadsolla1995 import decays, errors, growths, lengths, vanishing
from matplotlib.ticker import NullFormatter

from teacherstudent.analysis import (
    critical_learning_rate,
    critical_learning_rate_formula,
    error_decay_rate,
    optimal_learning_rate,
    optimal_learning_rate_formula,
    plateau_error,
    plateaus,
)
from teacherstudent.experiments.claims import Claim

FIGURE = "saadsolla1995_learning_rate"
PLATEAU, ALIKE, LENGTH = (f"saadsolla1995_{name}" for name in ("plateau", "alike", "length"))
DECAY = {units: f"saadsolla1995_decay_{units}" for units in (1, 2, 3)}
UNITS = 3  # of panels (a) and (b)
CRITICAL = {1: 4.0557787, 2: 2.3068277, 3: 1.6206745}  # recomputed independently
CAPTION = """
Soft committee machines with K = M, isotropic teacher, no noise; all points are solutions of the equations
of motion. (a) Error on the symmetric plateau for K = 3 against the learning rate: end of runs from equal
units (points), symmetric fixed point (line), and the formula for vanishing rates (dashed). (b) Length of
the plateau for K = 3, the time during which the error is within 10 percent of its flattest value: from
independent units as in the paper (circles; differences of 1e-4 between the overlaps R at the start), with
the shortest plateau marked (triangle), and from almost equal units (squares; differences of 1e-6). Line:
time ln(1e6) / lambda in which such differences grow to one with the unstable eigenvalue lambda of the
fixed point; it gives the length up to a constant. At larger rates independent units separate before they
become equal and have another plateau. (c) Rate r of the final decay of the error, eps ~ exp(-r t), for K
= 1, 2, 3: runs from near the teacher (circles), Jacobian at the teacher (lines), its optimum (star), the
published optimum, 2/3 of the published eta_c (diamond), and the critical rate eta_c of the Jacobian,
where r = 0 (dotted).
The Jacobian gives eta_c = 4.0558, 2.3068, 1.6207, the formula sqrt 3 pi / (K - 1 + 3 / sqrt 5) gives
4.0558, 2.3238, 1.6284: it is exact for K = 1 only. For K > 1 the fastest decay is not at 2/3 of the
critical rate: the Jacobian gives 0.82 and 0.79 of it for K = 2 and 3. The figures of Saad and Solla
(Phys. Rev. E 1995) are known from memory; their initial overlaps and learning rates are not known.
"""
ASYMMETRY = 1e-6  # of these differences at the start, up to a factor of order one
TINY = np.finfo(float).tiny
claim = partial(Claim, FIGURE, source="Saad & Solla 1995, from memory", certainty="remembered")
recomputed = partial(Claim, FIGURE, source="Jacobian of the equations", certainty="recomputed")


def figure(curves):
    """Draw height and length of the plateau, and rates of decay."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.95)
    plot_heights(axes[0, 0], curves[PLATEAU]["ode"])
    plot_lengths(axes[0, 1], curves)
    plot_decays(axes[0, 2], curves)
    for ax in axes[0]:
        ax.set_xlabel(r"learning rate $\eta$")
    _figures.letter(axes)
    return fig


def plot_points(ax, x, y, series, **style):
    """Draw numbers measured on runs of the equations: theory, as open points."""
    marks = {"linestyle": "none", "marker": "o", "markersize": 3, "markerfacecolor": "none"}
    return _figures.plot_theory(ax, x, y, series, **{**marks, "markeredgewidth": 0.8, **style})


def plot_heights(ax, ode):
    """Draw the height of the plateau in runs, as a fixed point, and by the formula."""
    color, rates = _figures.series_color(0), ode.axis("learning_rate")
    plot_points(ax, rates, errors(ode)[:, -1], "runs", color=color)
    line = np.linspace(rates[0], rates[-1], 60)
    fixed = [point.generalisation_error[0] for point in plateaus(UNITS, UNITS, line)]
    _figures.plot_theory(ax, line, fixed, "fixed point", color=color)
    limit = [plateau_error(UNITS, UNITS)] * 2
    name = r"formula, $\eta \to 0$"
    _figures.plot_theory(ax, [0.0, rates[-1]], limit, name, color="0.45", linestyle="--")
    ax.set(ylabel=r"error on the plateau, $\epsilon$", xlim=(0, None), ylim=(0, None))
    ax.legend(loc="lower right")


def plot_lengths(ax, curves):
    """Draw the length of the plateau from both starts, and the time from the Jacobian."""
    free, alike = curves[LENGTH]["ode"], curves[ALIKE]["ode"]
    rates, times = free.axis("learning_rate"), lengths(free)
    first, second = _figures.colors_along(range(3))[:2]
    plot_points(ax, rates, times, "independent units", color=first)
    best = np.nanargmin(times)
    plot_points(ax, rates[[best]], times[[best]], "shortest", marker="v", markersize=6, color=first)
    plot_points(
        ax, alike.axis("learning_rate"), lengths(alike), "almost equal units", marker="s", color=second
    )
    line = np.linspace(*alike.axis("learning_rate")[[0, -1]], 60)
    growth = np.array([point.growth_rate for point in plateaus(UNITS, UNITS, line)])
    _figures.plot_theory(ax, line, np.log(1.0 / ASYMMETRY) / growth, r"$\ln(10^6) / \lambda$", color=second)
    _figures.log_axes(ax)
    ax.set(ylabel="length of the plateau", xlim=(0, None))
    ax.set_yticks([200, 500, 1000, 2000], labels=["200", "500", "1000", "2000"])
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="upper right")


def plot_decays(ax, curves):
    """Draw the rates of decay of all sizes, with optimum and critical rate."""
    for units, color in zip(DECAY, _figures.colors_along(range(len(DECAY))), strict=True):
        ode = curves[DECAY[units]]["ode"]
        plot_points(ax, ode.axis("learning_rate"), decays(ode), f"runs, K = {units}", label=None, color=color)
        plot_jacobian(ax, units, ode.axis("learning_rate")[0], color)
    _figures.log_axes(ax)
    ax.set(ylabel="rate of decay, $r$", xlim=(0, 4.3), ylim=(0.01, 1.2))
    ax.legend(loc="lower center", bbox_to_anchor=(0.73, 0.0), handlelength=0.8)


def plot_jacobian(ax, units, first, color):
    """Draw the rate of decay of the Jacobian up to the critical learning rate, and mark its maximum."""
    critical, best = critical_learning_rate(units, units), optimal_learning_rate(units, units)
    line = np.linspace(first, 0.999 * critical, 120)
    rates = error_decay_rate(units, units, line)
    _figures.plot_theory(ax, line, rates, f"K = {units}", color=color)
    named, published = units == max(DECAY), optimal_learning_rate_formula(units)
    for name, at, marker in (("optimum", best, "*"), (r"$2 \eta_c / 3$", published, "D")):
        height, label = error_decay_rate(units, units, at), name if named else None
        style = {"marker": marker, "markersize": 8 if marker == "*" else 4.5, "markerfacecolor": color}
        plot_points(ax, [at], [height], f"{name}, K = {units}", label=label, color="black", zorder=4, **style)
    ax.axvline(critical, color=color, linewidth=0.8, linestyle=":", zorder=0)


def claims(curves):
    """State height and length of the plateau, critical and optimal rates."""
    return [
        *height_claims(curves[PLATEAU]["ode"]),
        *length_claims(curves[LENGTH]["ode"], curves[ALIKE]["ode"]),
        *(item for units in DECAY for item in decay_claims(units, curves[DECAY[units]]["ode"])),
    ]


def height_claims(ode):
    """Compare runs with the fixed point at all rates, and with the formula at vanishing ones."""
    rates, heights = ode.axis("learning_rate"), errors(ode)[:, -1]
    fixed = np.array([point.generalisation_error[0] for point in plateaus(UNITS, UNITS, rates)])
    yield recomputed(
        "Height of the plateau in runs and at the fixed point: largest relative difference.",
        value=np.abs(heights / fixed - 1.0).max(),
        low=0.0,
        high=1e-6,
        source="fixed point of the equations",
    )
    limit = heights[0] - rates[0] * (heights[1] - heights[0]) / (rates[1] - rates[0])
    yield claim(
        "Height of the plateau, extrapolated to vanishing rates, divided by (K/pi) [pi/6 - K asin(1 / (2 "
        "K))], K = 3.",
        value=limit / plateau_error(UNITS, UNITS),
        low=0.999,
        high=1.001,
    )


def length_claims(free, alike):
    """State that the plateau is shortest at an intermediate rate, and that its end follows the Jacobian."""
    times = lengths(free)
    yield claim(
        "The plateau is shortest at an intermediate rate: the shorter of its lengths at both ends divided "
        "by the smallest length.",
        value=min(times[0], times[-1]) / np.nanmin(times),
        low=1.2,
    )
    yield claim(
        "Learning rate of the shortest plateau divided by the critical learning rate.",
        value=free.axis("learning_rate")[np.nanargmin(times)] / critical_learning_rate(UNITS, UNITS),
        low=TINY,
        high=1.0,
    )
    points = plateaus(UNITS, UNITS, alike.axis("learning_rate"))
    fixed = np.array([point.growth_rate for point in points])
    yield recomputed(
        "Differences of almost equal units grow with the unstable eigenvalue: largest relative difference.",
        value=np.abs(growths(alike) / fixed - 1.0).max(),
        low=0.0,
        high=0.01,
    )


def decay_claims(units, ode):
    """Compare rates of runs, of the Jacobian and of the formulas for one size."""
    rates, measured = ode.axis("learning_rate"), decays(ode)
    critical, best = critical_learning_rate(units, units), optimal_learning_rate(units, units)
    expected = error_decay_rate(units, units, rates)
    name = f"K = M = {units}:"
    yield recomputed(
        f"{name} rate of decay of the error in runs and from the Jacobian, largest relative difference.",
        value=np.abs(measured / expected - 1.0).max(),
        low=0.0,
        high=0.05,
    )
    yield recomputed(
        f"{name} learning rate of fastest decay in runs minus that of the Jacobian, in steps of the grid.",
        value=(rates[np.argmax(measured)] - best) / (rates[1] - rates[0]),
        low=-1.0,
        high=1.0,
    )
    yield recomputed(
        f"{name} learning rate at which the decay in runs vanishes, divided by the critical one of the "
        "Jacobian.",
        value=vanishing(rates, measured) / critical,
        low=0.99,
        high=1.01,
    )
    yield from published_rates(units, critical, best)


def published_rates(units, critical, best):
    """Compare the Jacobian with independent values and with the formulas."""
    name = f"K = M = {units}:"
    yield recomputed(
        f"{name} critical learning rate of the Jacobian.",
        value=critical,
        low=CRITICAL[units] - 1e-5,
        high=CRITICAL[units] + 1e-5,
        source="an independent computation",
    )
    yield claim(
        f"{name} critical learning rate of the formula divided by that of the Jacobian.",
        value=critical_learning_rate_formula(units) / critical,
        low=0.99,
        high=1.01,
    )
    low, high = (0.666, 0.667) if units == 1 else (0.7, 0.999)
    yield recomputed(
        f"{name} optimal divided by critical learning rate of the Jacobian; the paper's 2/3 holds for one "
        "unit only.",
        value=best / critical,
        low=low,
        high=high,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
