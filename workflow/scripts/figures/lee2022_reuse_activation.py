"""The mechanism: the unit of the first task is used again, or the idle unit is activated.

Believed to correspond to the figure about the mechanism of Lee, Mannelli, Clopath, Goldt & Saxe 2022.
The reader should see that for dissimilar tasks the idle unit learns task 2 and the used unit stays, for
similar tasks the used unit does both tasks and hardly moves, and between them it is used again and
turns to teacher 2, which is what forgetting is.
"""

from functools import partial

import _figures
import _lee2022 as lee
import _lee2022_units as units
import numpy as np
from _lee2021 import PLOTTED

from teacherstudent.experiments.claims import Claim

FIGURE, SPECIALISED, RANDOM = "lee2022_reuse_activation", "lee2022_specialised", "lee2022_random"
SHOWN = (0.0, 0.3, 0.9)
END = 200.0  # time after the switch of the lower panels
STYLES = {"used": "-", "idle": "--"}
CAPTION = """
Two tasks of similarity V in the equations, switch at t = 100 (dashed vertical line); one specialised
student of two units, of which the used one has the larger share in task 1 at the switch and the other
one is idle. (a-c) Overlaps R of both units with both teachers at low, middle and high V. (d-f) Readouts
of both units for task 2, whose head is first trained at the switch. (g-i) Both kinds of students 200
after the switch, mean over initial networks: (g) share h^2 <g^2> of task 2 that the used unit carries,
(h) squared length Q of the idle unit, (i) cosine of the used unit with its weights at the switch;
dotted: V itself, the cosine of a unit that turns fully to teacher 2.
Believed to correspond to the figure about the mechanism of Lee, Mannelli, Clopath, Goldt and Saxe (ICML
2022). That this mechanism explains forgetting is stated in the abstract of the paper; the panels and
measures of the published figure are not known, those here are ours. Numbers of (g-i) were recomputed
with another program.
"""
SHARES = {0.0: 0.0, 0.1: 0.075, 0.2: 0.62, 0.3: 0.87, 0.5: 0.97, 1.0: 0.995}
LENGTHS = {0.0: 1.0, 0.1: 1.0, 0.2: 0.63, 0.3: 0.33, 0.5: 0.15, 1.0: 0.06}
COSINES = {0.1: 0.47, 0.2: 0.32, 0.3: 0.35, 0.4: 0.43, 0.5: 0.52, 0.8: 0.81, 1.0: 1.0}
# Sets of ten random students of these equations cross between 0.40 and 0.53.
CROSSINGS = {"specialised": (0.18, 0.03), "random": (0.42, 0.14)}
# Largest distances of means from these numbers; at V = 0.1 and 0.2 single students scatter by 0.07.
TOLERANCES = {"V below 0.3": 0.12, "V from 0.3 on": 0.03}
claim = partial(Claim, FIGURE, source=lee.RECOMPUTED, certainty="recomputed")


def figure(curves):
    """Draw overlaps and readouts over time, and measures of the units against similarity."""
    fig, axes = _figures.panels(3, 3, _figures.PAGE, 0.82)
    for column, similarity in enumerate(SHOWN):
        line = curves[SPECIALISED]["ode"].select(similarity=similarity)
        plot_overlaps(axes[0, column], line)
        plot_readouts(axes[1, column], line)
        axes[0, column].set_title(f"$V = {similarity:g}$")
    axes[0, 2].legend(loc="center right", bbox_to_anchor=(1.0, 0.55))
    axes[1, 2].legend(loc="center right")
    plot_measures(axes[2], students(curves))
    _figures.letter(axes)
    return fig


def students(curves):
    """Return the curves of both kinds of students by their names."""
    return {
        "specialised": curves[SPECIALISED]["ode"],
        "random": curves[RANDOM]["ode"].select(copy_head_at_switch="never"),
    }


def plot_overlaps(ax, line):
    """Draw the overlaps of both units with both teachers over time."""
    overlaps = line.values("student_teacher_overlaps")[PLOTTED, ..., 0]
    for teacher in range(2):
        for unit, (name, style) in enumerate(STYLES.items()):
            series, color = f"{name}, task {teacher + 1}", _figures.task_color(teacher)
            _figures.plot_theory(
                ax, line.time, overlaps[:, teacher, unit], series, color=color, linestyle=style
            )
    time_axes(ax, "overlap $R$", -0.75, 1.3)


def plot_readouts(ax, line):
    """Draw the readouts of both units for task 2 over time."""
    readouts = line.values("student_readouts")[PLOTTED, :, 1]
    for unit, (name, style) in enumerate(STYLES.items()):
        color = _figures.task_color(1)
        _figures.plot_theory(
            ax, line.time, np.abs(readouts[:, unit]), f"{name} unit", color=color, linestyle=style
        )
    time_axes(ax, "readout $|h|$ for task 2", 0.0, 1.15)


def time_axes(ax, ylabel, low, high):
    """Set up a panel of values between `low` and `high` over time."""
    _figures.mark_switch(ax, lee.SWITCH)
    ax.set(xlabel="time $t$", ylabel=ylabel, xlim=(0.0, lee.SWITCH + END), ylim=(low, high))


def plot_measures(axes, found):
    """Draw share, length and cosine against similarity, a line for each kind of student."""
    drawn = (units.carried, units.length_of_idle, units.cosine_of_used)
    names = ("share of the used unit", "$Q$ of the idle unit", "cosine of the used unit")
    for ax, measure, name in zip(axes, drawn, names, strict=True):
        for index, (label, entry) in enumerate(found.items()):
            values = lee.mean(measure(entry, END))
            _figures.plot_theory(
                ax, entry.axis("similarity"), values, label, color=_figures.series_color(index)
            )
        lee.similarity_axes(ax, name, ylim=(0.0, 1.1))
    similarity = np.linspace(0.0, 1.0, 3)
    _figures.plot_theory(axes[2], similarity, similarity, "full re-use", color="0.2", linestyle=":")
    axes[2].text(0.35, 0.15, "$V$", color="0.2")
    axes[0].legend(loc="lower right")


def claims(curves):
    """State the measures of the specialised student, and where re-use replaces activation."""
    found = students(curves)
    entry, similarity = found["specialised"], found["specialised"].axis("similarity")
    measured = [
        ("share of task 2 carried by the used unit", units.carried, SHARES),
        ("squared length of the idle unit", units.length_of_idle, LENGTHS),
        ("cosine of the used unit with its weights at the switch", units.cosine_of_used, COSINES),
    ]
    return [
        *(
            stated
            for name, measure, numbers in measured
            for stated in number_claims(name, similarity, lee.mean(measure(entry, END)), numbers)
        ),
        *crossing_claims(found),
        turned_claim(similarity, lee.mean(units.cosine_of_used(entry, END))),
        still_claim(entry),
    ]


def number_claims(name, similarity, values, numbers):
    """State distances of a measure from recomputed numbers, where it depends on the seed or not."""
    parts = (
        {where: number for where, number in numbers.items() if (where < 0.29) is low} for low in (True, False)
    )
    for (region, tolerance), part in zip(TOLERANCES.items(), parts, strict=True):
        gaps = np.abs(lee.at(similarity, values, *part) - np.array(list(part.values())))
        listed = ", ".join(f"{number:g} ({where:g})" for where, number in part.items())
        yield claim(
            f"Specialised student, {name}, {region}: largest distance of means from recomputed numbers "
            f"(at V): {listed}.",
            value=gaps.max(),
            low=0.0,
            high=tolerance,
        )


def crossing_claims(found):
    """State the similarity from which on the used unit carries most of task 2."""
    for name, (expected, distance) in CROSSINGS.items():
        entry = found[name]
        yield claim(
            f"{name.capitalize()} students: similarity from which on the used unit carries half of task "
            "2, mean share.",
            value=units.crossing(entry.axis("similarity"), lee.mean(units.carried(entry, END))),
            low=expected - distance,
            high=expected + distance,
        )


def turned_claim(similarity, cosine):
    """State where the used unit turns most."""
    return claim(
        "Specialised student: similarity at which the used unit turns most.",
        value=similarity[np.argmin(cosine)],
        low=0.15,
        high=0.3,
    )


def still_claim(entry):
    """State that activation leaves the used unit where it is."""
    cosine = lee.at(entry.axis("similarity"), lee.mean(units.cosine_of_used(entry, END)), 0.0)[0]
    return claim(
        "Specialised student, orthogonal tasks: cosine of the used unit with its weights at the switch.",
        value=cosine,
        low=0.98,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
