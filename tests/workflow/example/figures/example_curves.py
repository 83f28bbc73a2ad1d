"""Errors of both tasks against time, theory and simulation.

The reader should see the first error fall, and the second one after the switch.
"""

import _figures

from teacherstudent import analysis
from teacherstudent.experiments.claims import Claim

CAPTION = "Errors of both tasks at similarity 1: theory (lines) and simulation (points)."


def figure(curves):
    """Draw the errors of both tasks."""
    engines = curves["example_errors"]
    theory, simulation = (
        engines["ode"].select(similarity=1.0),
        engines["network"].select(similarity=1.0, learning_rate=0.5),
    )
    fig, axes = _figures.panels()
    ax = axes[0, 0]
    for task in range(2):
        style = {"color": _figures.task_color(task)}
        _figures.plot_theory(
            ax, theory.time, theory.mean("generalisation_error")[:, task], f"task {task + 1}", **style
        )
        mean, error = (
            simulation.mean("generalisation_error")[:, task],
            simulation.sem("generalisation_error")[:, task],
        )
        _figures.plot_simulation(ax, simulation.time, mean, f"task {task + 1}", error, label=None, **style)
    _figures.log_axes(ax, "y")
    _figures.mark_switch(ax, 2.0)
    ax.axhline(analysis.plateau_error(teacher_hidden=1, student_hidden=2), color="0.8")
    ax.set(xlabel="time $t$", ylabel="generalisation error")
    ax.legend()
    return fig


def claims(curves):
    """State that errors are finite."""
    final = curves["example_errors"]["ode"].select(similarity=1.0).mean("generalisation_error")[-1, 0]
    return [Claim("example_curves", "The first error ends below one.", final, high=1.0, source="example")]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
