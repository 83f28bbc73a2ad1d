"""Final error of the first task against similarity."""

import _figures

from teacherstudent.experiments.claims import Claim

CAPTION = "Final error of the first task against the similarity of the teachers: theory, mean of two runs."


def figure(curves):
    """Draw the final error along the axis of similarities."""
    theory = curves["example_errors"]["ode"]
    fig, axes = _figures.panels()
    final = theory.mean("generalisation_error")[:, -1, 0]
    _figures.plot_theory(axes[0, 0], theory.axis("similarity"), final, "task 1", color=_figures.task_color(0))
    axes[0, 0].set(xlabel="similarity $V$", ylabel="generalisation error")
    return fig


def claims(curves):
    """State that there are as many points as asked for."""
    points = len(curves["example_errors"]["ode"].axis("similarity"))
    return [Claim("example_final", "There are at least two points.", points, low=2.0, source="example")]


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
