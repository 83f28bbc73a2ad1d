"""The equations against one simulation: errors and all order parameters, through a switch between two equal
tasks.

Believed to be figure 1c of Lee, Goldt & Saxe 2021 (the errors), and its companions in the appendix (the
order parameters). The reader should see that lines and points coincide, that the readouts of the inactive
task are constant, that curves have kinks but no jumps at the switch, and that the second task uses both
units in about the same proportion as the first.
"""

import _figures
import numpy as np
from _lee2021 import PLOTTED, inputs
from matplotlib.lines import Line2D

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_ode_verification"
SWITCH = 50.0
CAPTION = """
Lines: solution of the equations for infinitely many inputs. Points: one simulation from the same initial
networks, with 10000 inputs (fewer in the small form). (a) Generalisation errors; (b) overlaps of the two
units of the student; (c, d) their overlaps with the teachers of task 1 and 2; (e) readouts of the two
tasks. The teachers have the same hidden unit (V = 1) and readouts of opposite sign; switch at t = 50,
learning rate 0.5.
(a) is believed to be figure 1c of Lee, Goldt and Saxe (ICML 2021), (b) to (e) figures of its appendix.
The parameters were read in the authors' code or determined by solving the equations from their digitised
state; the arrangement of the panels is a guess. The initial networks were selected from 40000 draws as
the closest to the digitised curves.
"""
DIGITISED = "curves digitised from the authors' notebook"
# log10 of the errors by task and time.
ERRORS = (
    {30: -0.948, 40: -2.193, 50: -3.156, 60: -2.500, 100: -2.387},
    {60: -2.656, 80: -4.009, 100: -4.138},
)
# Q (11, 12, 22), R (1, 2) and the readouts of the active task (1, 2).
STATES = {
    50: (0.120, 0.300, 0.744, -0.347, -0.863, -0.334, -0.914),
    100: (0.257, 0.543, 1.130, -0.503, -1.061, 0.379, 0.747),
}
LOG_READING, READING = 0.05, 0.02  # error of digitised numbers
FEW = 3.0  # in units of N^-1/2; 20 seeds at N = 1000 give 0.2 to 1.4
PARAMETERS = ("student_overlaps", "student_teacher_overlaps", "student_readouts")
LINES, MARKERS = ("-", "--", ":"), ("o", "s", "^")  # unit 1, unit 2, both
NEUTRAL = "0.25"


def figure(curves):
    """Draw errors and order parameters, theory as lines and the simulation as points."""
    theory, simulation = curves[FIGURE]["ode"], curves[FIGURE]["network"]
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.85)
    for ax, (label, lines), points in zip(axes.flat, panels(theory), panels(simulation), strict=False):
        for (name, color, kind, line), (*_, dots) in zip(lines, points[1], strict=True):
            style = {"color": color, "label": None}
            _figures.plot_theory(ax, theory.time, line, name, linestyle=LINES[kind], **style)
            style |= {"marker": MARKERS[kind], "markersize": 2.8}
            _figures.plot_simulation(ax, simulation.time[::4], dots[::4], name, **style)
        _figures.mark_switch(ax, SWITCH)
        ax.set(xlabel="time $t$", ylabel=label, xlim=(0, 100))
    _figures.log_axes(axes[0, 0])
    axes[0, 0].set(ylim=(10**-4.5, 10**-0.5))
    _figures.letter(axes.flat[:5])
    legend(axes[1, 2])
    return fig


def panels(curves):
    """List panels as (label, lines), a line as (name, colour, 0 or 1 for a unit or 2 for both, values)."""
    errors = curves.values("generalisation_error")[PLOTTED]
    Q, R, h = (curves.values(name)[PLOTTED] for name in PARAMETERS)
    color, units = _figures.task_color, (0, 1)
    return [
        ("generalisation error", [(rf"$\epsilon_{p + 1}$", color(p), 0, errors[:, p]) for p in (0, 1)]),
        (
            "$Q$ within the student",
            [
                ("$Q_{11}$", NEUTRAL, 0, Q[:, 0, 0]),
                ("$Q_{22}$", NEUTRAL, 1, Q[:, 1, 1]),
                ("$Q_{12}$", NEUTRAL, 2, Q[:, 0, 1]),
            ],
        ),
        ("$R$ with teacher 1", [(f"$R_{k + 1}$", color(0), k, R[:, 0, k, 0]) for k in units]),
        ("$U$ with teacher 2", [(f"$U_{k + 1}$", color(1), k, R[:, 1, k, 0]) for k in units]),
        ("readouts $h$", [(f"$h^{p + 1}_{k + 1}$", color(p), k, h[:, p, k]) for p in (0, 1) for k in units]),
    ]


def legend(ax):
    """Draw the legend of colours, lines and points in a separate panel."""
    ax.set_axis_off()
    entries = [
        Line2D([], [], color=_figures.task_color(0), label="task 1"),
        Line2D([], [], color=_figures.task_color(1), label="task 2"),
        *(
            Line2D([], [], color=NEUTRAL, linestyle=line, marker=marker, markerfacecolor="none", label=name)
            for line, marker, name in zip(LINES, MARKERS, ("unit 1", "unit 2", "units 1 and 2"), strict=True)
        ),
        Line2D([], [], color=NEUTRAL, label="lines: equations"),
        Line2D([], [], color="none", marker="o", markeredgecolor=NEUTRAL, label="points: simulation"),
    ]
    ax.legend(handles=entries, loc="center left", handlelength=2.5)


def claims(curves):
    """State the agreement of the equations with the digitised curves and with the simulation."""
    theory, simulation = curves[FIGURE]["ode"], curves[FIGURE]["network"]
    return [*published(theory), *structure(theory), *agreement(theory, simulation)]


def published(theory):
    """Compare the equations with the digitised numbers."""
    found = np.log10(theory.values("generalisation_error")[PLOTTED])
    for task, targets in enumerate(ERRORS):
        gaps = [found[row(theory, when), task] - level for when, level in targets.items()]
        times = ", ".join(map(str, targets))
        statement = (
            f"The error of task {task + 1} agrees with the published curve at t = {times}: largest "
            "difference in log10."
        )
        yield Claim(FIGURE, statement, np.abs(gaps).max(), 0.0, LOG_READING, DIGITISED, "read")
    for when, target in STATES.items():
        gap = np.abs(state(theory, when) - target).max()
        where = "the switch" if when == SWITCH else "the end"
        statement = (
            f"Overlaps and readouts of the active task agree with the published curves at {where}: largest "
            "difference."
        )
        yield Claim(FIGURE, statement, gap, 0.0, READING, DIGITISED, "read")


def structure(theory):
    """State the exact properties, and the use of the units by the second task."""
    _, R, h = (theory.values(name)[PLOTTED] for name in PARAMETERS)
    switch = row(theory, SWITCH)
    frozen = max(np.ptp(h[switch:, 0], axis=0).max(), np.ptp(h[: switch + 1, 1], axis=0).max())
    yield Claim(
        FIGURE,
        "The readouts of the inactive task do not change: largest change.",
        frozen,
        0.0,
        0.0,
        DIGITISED,
    )
    gap = np.abs(R[:, 0] - R[:, 1]).max()
    source = "the published images of both overlaps are the same bytes"
    yield Claim(
        FIGURE, "Overlaps with both teachers are equal at V = 1: largest difference.", gap, 0.0, 1e-9, source
    )
    (before, after) = (R[index, 0, 0, 0] / R[index, 0, 1, 0] for index in (switch, -1))
    statement = (
        "The second task uses both units: ratio of their overlaps at the end, divided by the ratio at the "
        "switch."
    )
    yield Claim(FIGURE, statement, after / before, 1.12, 1.24, DIGITISED + " (1.18)", "read")


def agreement(theory, simulation):
    """Compare the simulation with the equations, in units of the fluctuations of order N^-1/2."""
    size = inputs(simulation)
    rows = [row(theory, when, 0.5 / size) for when in simulation.time]
    gap = max(np.abs(simulation.values(name) - theory.values(name)[:, rows]).max() for name in PARAMETERS)
    statement = f"Equations and simulation agree: largest difference of all order parameters, for N = {size}."
    source = "good agreement at 10^4 inputs in the paper; fluctuations of order parameters are some N^-1/2"
    yield Claim(FIGURE, statement, gap, 0.0, FEW / np.sqrt(size), source, "read")


def row(curves, when, slack=1e-6):
    """Return the row of a recorded time."""
    nearest = int(np.abs(curves.time - when).argmin())
    if abs(curves.time[nearest] - when) > slack:
        raise KeyError(f"t = {when} is not among the recorded times")
    return nearest


def state(curves, when):
    """Return Q, R and the readouts of the active task at a time, as listed in STATES."""
    Q, R, h = (curves.values(name)[PLOTTED, row(curves, when)] for name in PARAMETERS)
    return np.array([Q[0, 0], Q[0, 1], Q[1, 1], *R[0, :, 0], *h[0 if when <= SWITCH else 1]])


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
