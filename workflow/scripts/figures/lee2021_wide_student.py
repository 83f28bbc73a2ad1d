"""Errors of a wide student with two layers and of a linear student of a wide teacher.

Supports the maps of Lee, Goldt & Saxe 2021; read in a notebook, and it is not known whether it is
published. The reader should see that the task has a large linear part, which is all that a linear student
learns, and that a student with two layers reaches smaller errors.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import errors, inputs
from _lee2021_maps import SPREAD

from teacherstudent.experiments.claims import Claim

FIGURE, LINEAR = "lee2021_wide_student", "lee2021_linear_student"
CAPTION = """
Mean squared error (twice the generalisation error) of a student with two layers and of a linear student,
both trained on the labels of a wide teacher: simulations, means and standard errors over three teachers.
Dashed: error of the best linear function of the inputs, computed from the teachers. 15 inputs, teachers
of 500 units with outputs divided by the square root of their number, students of 1000 units (fewer in the
small form), learning rate 5; the linear students have rate 0.02.
The curves were read in the authors' notebook (Lee, Goldt and Saxe, ICML 2021), where linear students with
rate 0.0001 have final errors of 10^-1.78 and 10^-1.85. It is not known whether they are published.
"""
claim = partial(Claim, FIGURE, source="curves in the authors' notebook")


def figure(curves):
    """Draw both errors over steps."""
    fig, axes = _figures.panels()
    ax = axes[0, 0]
    students = {"two layers": curves[FIGURE]["network"], "linear": curves[LINEAR]["network"]}
    for number, (name, student) in enumerate(students.items()):
        steps, squares = student.time * inputs(student), mean_squared_errors(student).T
        style = {"color": _figures.series_color(number), "linestyle": "-", "linewidth": 0.7}
        _figures.plot_runs(ax, steps[1:], squares[1:], name, markersize=2.5, **style)
    ax.axhline(floors(students["linear"]).mean(), color="0.5", linestyle="--", linewidth=0.8)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="steps", ylabel="mean squared error")
    ax.legend()
    return fig


def mean_squared_errors(student):
    """Return twice the generalisation error, (run, time)."""
    return 2.0 * errors(student, 0)


def floors(student):
    """Return the error of the best linear function of the inputs: <(f - c x)^2> with c = <f x>, for each run.

    For erf units with overlaps T and readouts v the variance of f is 2/pi sum v_m v_n asin(X_mn), and its
    linear part 2/pi sum v_m v_n X_mn, with X_mn = T_mn / sqrt((1 + T_mm)(1 + T_nn)).
    """
    T, v = (student.values(name) for name in ("teacher_overlaps", "teacher_readouts"))
    return np.array([floor(T[run, 0, 0], v[run, 0]) for run in range(len(T))])


def floor(T, v):
    """Return the linear floor of one teacher."""
    length = np.sqrt(1.0 + np.diag(T))
    X = T / np.outer(length, length)
    return 2.0 / np.pi * v @ (np.arcsin(X) - X) @ v


def claims(curves):
    """State the final errors of both students."""
    two, linear = (mean_squared_errors(curves[name]["network"])[:, -1] for name in (FIGURE, LINEAR))
    return [
        claim(
            "log10 of the mean squared error of linear students at the end, mean over teachers.",
            value=np.log10(linear).mean(),
            low=-1.95,
            high=-1.7,
        ),
        claim(
            "Linear students reach the error of the best linear function: ratio of the errors, mean over "
            "teachers.",
            value=(linear / floors(curves[LINEAR]["network"])).mean(),
            low=0.98,
            high=1.05,
            source="closed form",
            certainty="recomputed",
        ),
        claim(
            "log10 of the mean squared error of students of two layers at the end, mean over teachers.",
            value=np.log10(two).mean(),
            low=-2.6 - SPREAD,
            high=-2.6 + SPREAD,
        ),
        claim(
            "The task is not linear: error of linear students divided by that of students of two layers, "
            "smallest of all teachers.",
            value=(linear / two).min(),
            low=1.5,
        ),
    ]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
