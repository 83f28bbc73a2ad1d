"""Symmetric plateau and specialisation of soft committee machines.

Believed to combine several figures of Saad & Solla 1995. The reader should see that the units of the
student are equal at first and specialise after a long plateau whose height is known, that the student
specialises to unequal teacher units one after the other, and the final states of students with too many or
too few units.
"""

from functools import partial

import _figures
import numpy as np
from _saadsolla1995 import (
    ESCAPED,
    at_vanishing_rate,
    colors_of,
    distance_from_permutation,
    errors,
    escapes,
    final,
    flattest,
    heights,
    leads,
    overlaps,
    plot_both,
    teacher_overlaps,
)

from teacherstudent.analysis import plateau_error
from teacherstudent.experiments.claims import Claim

FIGURE = "saadsolla1995_dynamics"
ISOTROPIC, GRADED, OVER, UNDER, FLOOR = (
    f"saadsolla1995_{name}" for name in ("isotropic", "graded", "overrealisable", "unrealisable", "floor")
)
CAPTION = """
Soft committee machines (erf units, readouts 1, first layer trained, no noise) with K student and M
teacher units. (a-c) K = M = 3, learning rate 0.1, overlaps R of order 1e-9 at the start, isotropic
teacher with T = 1: (a) overlaps R of each student unit with the teacher unit to which it specialises
(solid) and with the others (dashed), (b) lengths Q_ii (solid) and overlaps Q_ik of student units (dashed,
grey), (c) generalisation error, with the height of the symmetric plateau: the fixed point of the
equations at this rate, and the formula for vanishing rates. (d) Graded teacher, T = diag(1, 2, 3):
overlap of the leading student unit with teacher unit m minus that of the second student unit, divided by
T_mm; one half (grey line) counts as specialisation. (e) Lengths of the student units for K = 3, M = 2:
one of them vanishes. (f) Errors for K = 3, M = 2, and for K = 2, M = 3, where an error remains. (e, f)
have learning rate 0.5 and overlaps R up to 0.09 at the start, so that fluctuations hardly change the time
at which finite networks leave the plateau. Lines: the equations of motion. Points: one exact sample of
the order parameters of a network with a finite number of inputs (10000; fewer in the small form) from
engine chain.
The figures of Saad and Solla (Phys. Rev. E 1995) are known from memory. The learning rate of (a-c) and
the size of the initial overlaps are believed to be those of the paper; the initial overlaps themselves
and the parameters of (d-f) are not known.
"""
IN_A_ROW = {"ncols": 3, "handlelength": 1.0, "columnspacing": 1.0}
HEIGHT = 0.01  # tolerance of the height: the plateau is approached slowly, as lengths of units become equal
LAST = 0.1  # last part of a run, in which the error is constant
claim = partial(Claim, FIGURE, source="Saad & Solla 1995, from memory", certainty="remembered")


def figure(curves):
    """Draw the isotropic case in the upper row, the others in the lower row."""
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.8)
    isotropic = curves[ISOTROPIC]["ode"]
    plot_specialisation(axes[0, 0], isotropic)
    plot_lengths(axes[0, 1], isotropic)
    plot_plateau(axes[0, 2], isotropic)
    plot_escapes(axes[1, 0], curves[GRADED]["ode"])
    plot_vanishing(axes[1, 1], curves[OVER])
    plot_errors(axes[1, 2], curves)
    for ax in axes.flat:
        ax.set_xlabel("time $t$")
    for ax in axes[0]:
        ax.set_xlim(0, isotropic.time[-1])
    for ax in axes[1, 1:]:
        ax.set_xlim(0, curves[UNDER]["ode"].time[-1])
    _figures.letter(axes)
    return fig


def plot_specialisation(ax, ode):
    """Draw R of every pair of units, in the colour of the student unit."""
    R = teacher_overlaps(ode)
    for i, color in enumerate(colors_of(R.shape[1])):
        for m in range(R.shape[2]):
            style = {"label": None, "linewidth": 0.8, "linestyle": "--"}
            if m == np.argmax(R[-1, i]):
                style = {"label": f"$i = {i + 1}$", "linewidth": 1.2}
            _figures.plot_theory(ax, ode.time, R[:, i, m], f"R {i + 1}{m + 1}", color=color, **style)
    ax.set(ylabel="overlaps $R_{im}$", ylim=(-0.05, 1.05))
    ax.legend(loc="upper left", title="student unit")


def plot_lengths(ax, ode):
    """Draw Q of every pair of units: diagonal in colour, the others grey."""
    Q = overlaps(ode)
    grey = {"label": None, "color": "0.5", "linestyle": "--", "linewidth": 0.8}
    for i, color in enumerate(colors_of(Q.shape[1])):
        for k in range(i):
            _figures.plot_theory(ax, ode.time, Q[:, i, k], f"Q {k + 1}{i + 1}", **grey)
        _figures.plot_theory(ax, ode.time, Q[:, i, i], f"Q {i + 1}{i + 1}", label=None, color=color)
    ax.set(ylabel="overlaps $Q_{ik}$", ylim=(-0.05, 1.05))


def plot_plateau(ax, ode):
    """Draw the error, and the two heights of the plateau."""
    _figures.plot_theory(ax, ode.time, errors(ode), "error", label=None, color="black")
    ends = ode.time[[0, -1]]
    for (name, height), line in zip(heights(ode).items(), ("--", ":"), strict=True):
        style = {"label": name, "color": "0.45", "linestyle": line, "linewidth": 0.9}
        _figures.plot_theory(ax, ends, [height] * 2, f"plateau, {name}", **style)
    ax.set(ylabel=r"error $\epsilon$", ylim=(0.0, 0.05))
    ax.legend(loc="upper right", title="height of the plateau")


def plot_escapes(ax, ode):
    """Draw the lead of one student unit over the others for each teacher unit."""
    ahead = leads(ode)
    for m, color in reversed(list(enumerate(colors_of(ahead.shape[1])))):
        name = f"m = {m + 1}"
        _figures.plot_theory(ax, ode.time, ahead[:, m], name, label=f"${name}$", color=color)
    ax.axhline(ESCAPED, color="0.6", linewidth=0.6, zorder=0)
    ax.set(ylabel="lead in $R_{im} / T_{mm}$", xlim=(0, ode.time[-1]), ylim=(-0.05, 1.5))
    ax.legend(loc="upper left", title="teacher unit", **IN_A_ROW)


def plot_vanishing(ax, engines):
    """Draw the lengths of all student units."""
    for i, color in enumerate(colors_of(overlaps(engines["ode"]).shape[1])):
        plot_both(ax, engines, lambda entry, i=i: overlaps(entry)[:, i, i], f"$i = {i + 1}$", color)
    ax.set(ylabel="lengths $Q_{ii}$", ylim=(-0.05, 1.5))
    ax.legend(loc="upper left", title="student unit", **IN_A_ROW)


def plot_errors(ax, curves):
    """Draw the errors with a student unit too many and one too few."""
    cases = {OVER: "$K = 3, M = 2$", UNDER: "$K = 2, M = 3$"}
    for (name, label), color in zip(cases.items(), map(_figures.series_color, range(2)), strict=True):
        plot_both(ax, curves[name], errors, label, color)
    _figures.log_axes(ax)
    ax.set(ylabel=r"error $\epsilon$", ylim=(1e-5, 2.0))
    ax.legend(loc="lower left")


def claims(curves):
    """State plateau and specialisation, the order of specialisation, and the ends of the other students."""
    return [
        *isotropic_claims(curves[ISOTROPIC]["ode"]),
        *graded_claims(curves[GRADED]["ode"]),
        *size_claims(curves[OVER]["ode"], curves[UNDER]),
        *floor_claims(curves[FLOOR]["ode"]),
    ]


def isotropic_claims(ode):
    """State the height of the plateau, that its units are equal, and that they specialise in the end."""
    error, R = errors(ode), teacher_overlaps(ode)
    flat = flattest(ode.time, error)
    height = next(iter(heights(ode).values()))
    yield claim(
        "Error at its flattest point divided by that of the symmetric fixed point at this learning rate.",
        value=error[flat] / height,
        low=1.0 - HEIGHT,
        high=1.0 + HEIGHT,
        source="fixed point of the equations",
        certainty="recomputed",
    )
    yield claim(
        "On the plateau all R are equal: their standard deviation divided by their mean.",
        value=R[flat].std() / R[flat].mean(),
        low=0.0,
        high=0.02,
    )
    yield claim(
        "At the end each student unit equals a teacher unit: largest distance of R from a permutation "
        "matrix.",
        value=distance_from_permutation(R[-1]),
        low=0.0,
        high=1e-3,
    )
    yield claim(
        "The error of a realisable task decays to zero: log10 of the error at the end.",
        value=np.log10(error[-1]),
        high=-8.0,
    )


def graded_claims(ode):
    """State that the student specialises to the teacher units in the order of their lengths."""
    times = escapes(ode)
    for larger in range(len(times) - 1, 0, -1):
        yield claim(
            f"Graded teacher: time from the specialisation to teacher unit {larger + 1} to that to teacher "
            f"unit {larger}.",
            value=times[larger - 1] - times[larger],
            low=np.finfo(float).tiny,
        )


def size_claims(over, under):
    """State that a surplus unit vanishes, and that an error remains if a unit is missing."""
    lengths = np.sort(np.diagonal(overlaps(over)[-1]))
    yield claim(
        "K = 3, M = 2: smallest length Q of a unit at the end.", value=lengths[0], low=-1e-3, high=1e-3
    )
    yield claim(
        "K = 3, M = 2: largest distance of the other two lengths from 1 at the end.",
        value=np.abs(lengths[1:] - 1.0).max(),
        low=0.0,
        high=1e-3,
    )
    yield claim("K = 3, M = 2: log10 of the error at the end.", value=np.log10(errors(over)[-1]), high=-6.0)
    ode, chain = final(under["ode"]), final(under["chain"])
    yield claim(
        "K = 2, M = 3: error of the samples divided by that of the equations, means over the last quarter.",
        value=chain / ode,
        low=0.9,
        high=1.1,
        source="the chain has the distribution of simulations, which follow the equations",
        certainty="recomputed",
    )


def floor_claims(ode):
    """State that the remaining error is finite, and at vanishing rates the same with label noise."""
    error = errors(ode)
    start, end = error[..., int((1.0 - LAST) * error.shape[-1])], error[..., -1]
    yield claim(
        "K = 2, M = 3: largest relative change of the error in the last tenth of long runs.",
        value=np.abs(end / start - 1.0).max(),
        low=0.0,
        high=1e-3,
    )
    floors = at_vanishing_rate(ode.axis("learning_rate"), end)
    units = len(ode.spec.initial_overlaps.teacher_readouts[0]), ode.spec.student.hidden
    yield claim(
        "K = 2, M = 3: remaining error at vanishing learning rates, finite and below the plateau.",
        value=floors[0],
        low=1e-3,
        high=plateau_error(*units),
    )
    yield claim(
        "K = 2, M = 3: largest relative change of this remaining error by label noise.",
        value=np.abs(floors / floors[0] - 1.0).max(),
        low=0.0,
        high=1e-3,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
