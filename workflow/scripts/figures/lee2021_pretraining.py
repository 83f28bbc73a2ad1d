"""Error of the second task with and without training on a first one.

Believed to be a figure of the appendix of Lee, Goldt & Saxe 2021. The reader should see that without a
first task the error does not depend on similarity, so that all differences after pretraining are transfer.
At long times transfer is smallest at a similarity of about 0.26 and largest for nearly orthogonal tasks.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import PLOTTED, error_axes, errors, levels, median, peak, plot_errors

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_pretraining"
SWITCH, LENGTH = 100.0, 200.0
PRETRAINED, SCRATCH = 0, 1  # the first teacher of the order
CAPTION = """
Error of task 2 against the time of training on it, for 20 similarities V to task 1 from 0 (dark) to 1
(light): solutions of the equations for (a) a student trained on task 2 only, and (b) a student trained on
task 1 for 100 units of time before. (c) The error after 200 units of time against V: the plotted run of
(a, b) (thick), and other runs from random initial networks (thin).
Believed to be a figure of the appendix of Lee, Goldt and Saxe (ICML 2021). Values of V and the length of
the runs were read in the authors' notebooks, the switch at t = 100 was determined from the published
final errors, and panel (c) is an addition. The initial networks of the plotted run are those of the
figure of feature similarity.
"""
# log10 of the final error after pretraining by index of the similarity (of 20), and its change by 0.02 in V,
# the precision of the similarity of random teachers as in the paper.
PUBLISHED = {1: (-7.5, 0.5), 2: (-6.4, 0.5), 3: (-5.05, 0.5), 5: (-4.3, 0.1), 19: (-4.9, 0.1)}
STEP = 1 / 19
claim = partial(Claim, FIGURE, source="curves and final errors in the authors' notebook")


def figure(curves):
    """Draw errors of both students over time, and their final errors against similarity."""
    scratch, pretrained = students(curves)
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.85)
    for ax, student, start in ((axes[0, 0], scratch, 0.0), (axes[0, 1], pretrained, SWITCH)):
        plot_errors(ax, student, 1, start=start)
        error_axes(ax, 1, -8, 0, xlabel="time on task 2", xlim=(0, LENGTH))
    plot_final(axes[0, 2], scratch, "no pretraining", LENGTH, color="0.5")
    plot_final(axes[0, 2], pretrained, "pretrained", SWITCH + LENGTH, color=_figures.task_color(1))
    _figures.log_axes(axes[0, 2])
    axes[0, 2].set(xlabel="similarity $V$", ylabel=r"final error of task 2, $\epsilon_2$", ylim=(1e-9, 1e-3))
    axes[0, 2].legend(loc="lower right")
    _figures.letter(axes)
    return fig


def students(curves):
    """Return the curves of the student from scratch and of the pretrained one."""
    return (curves[FIGURE]["ode"].select(**{"order.0": first}) for first in (SCRATCH, PRETRAINED))


def plot_final(ax, student, name, when, color):
    """Draw the error of task 2 at a time against similarity for all runs; the plotted run is thick."""
    final, thick = 10 ** levels(student, 1, when), {"linewidth": 1.6, "label": name}
    for run in reversed(range(student.runs)):
        style = thick if run == PLOTTED else {"linewidth": 0.6, "alpha": 0.5, "label": None}
        series = f"{name}, run {run}"
        _figures.plot_theory(ax, student.axis("similarity"), final[:, run], series, color=color, **style)


def claims(curves):
    """State that similarity matters after pretraining only, and the published final errors."""
    scratch, pretrained = students(curves)
    trained = scratch.time <= LENGTH
    spread = np.ptp(np.log10(errors(scratch, 1)[:, PLOTTED, trained]), axis=0).max()
    similarity, final = pretrained.axis("similarity"), levels(pretrained, 1, SWITCH + LENGTH)
    away = similarity > 0.1
    worst = [peak(similarity[away], line[away]) for line in final.T]
    return [
        claim(
            "Without pretraining the error does not depend on similarity: largest difference in log10, "
            "plotted run.",
            value=spread,
            low=0.0,
            high=0.1,
        ),
        *(
            claim(
                f"log10 of the final error after pretraining at V = {similarity[index]:.3f}, plotted run.",
                value=final[index, PLOTTED],
                low=level - slack,
                high=level + slack,
            )
            for index, (level, slack) in PUBLISHED.items()
        ),
        claim(
            "Similarity (above 0.1) with the largest final error, median over runs.",
            **median(worst),
            low=0.26 - STEP,
            high=0.26 + STEP,
        ),
        claim(
            "Orthogonal tasks have a larger final error than tasks of V = 0.053: difference in log10, "
            "plotted run.",
            value=final[0, PLOTTED] - final[1, PLOTTED],
            low=0.0,
        ),
    ]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
