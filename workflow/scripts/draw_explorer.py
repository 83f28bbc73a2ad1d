"""Draw the page with sliders: both errors over time, and forgetting against similarity."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from plotly.graph_objects import Figure
from plotly.subplots import make_subplots

from _logs import logged
from _pages import write_page
from figures._figures import task_color
from teacherstudent.errors import RunError
from teacherstudent.measures import forgetting, log10_error
from teacherstudent.store.curves import Curves, read_curves

PLOTTED = 0  # the run on the page
DIGITS = 4  # of log10 of errors
DISPLAY = {"displayModeBar": False, "responsive": True}


def grid(curves: Mapping[str, Curves]) -> dict:
    """Return the data of the page: errors (task, similarity, time), forgetting (similarity, time after).

    Raises RunError unless the experiment has engine ode, similarity as its only axis, two tasks and one
    switch.
    """
    theory = curves.get("ode")
    if theory is None or [key.split(".")[-1] for key in theory.axes] != ["similarity"]:
        raise RunError("explorer: the experiment must have engine ode with similarity as its only axis")
    switches, errors = theory.switch_times[:, PLOTTED], theory.values("generalisation_error")[:, PLOTTED]
    if switches.shape[-1] != 1 or np.ptp(switches) > 0 or errors.shape[-1] != 2:
        raise RunError(
            "explorer: the experiment must have two tasks and one switch, at the same time for all"
        )
    if theory.diverged[:, PLOTTED].any():
        raise RunError("explorer: the experiment must have no run that diverged")
    switch = float(switches[0, 0])
    rows = np.flatnonzero(theory.time >= switch)
    after = theory.time[rows] - switch
    change = [forgetting(theory.time, line, switch, after) for line in errors[..., 0]]
    return {
        "similarity": theory.axis("similarity").tolist(),
        "time": theory.time.tolist(),
        "switch": switch,
        "rows": rows.tolist(),
        "after": after.round(9).tolist(),
        "log10_errors": np.moveaxis(log10_error(errors), -1, 0).round(DIGITS).tolist(),
        "forgetting": np.round(change, DIGITS).tolist(),
    }


def figure(data: dict) -> Figure:
    """Draw the panels without data; explorer.js fills in traces and shapes in this order."""
    fig = make_subplots(1, 2, horizontal_spacing=0.1)
    for task in (0, 1):
        line = {"color": task_color(task), "width": 2}
        fig.add_scatter(name=f"task {task + 1}", mode="lines", line=line, row=1, col=1)
    for task in (0, 1):
        fig.add_scatter(mode="markers", marker=_marker(task_color(task)), showlegend=False, row=1, col=1)
    fig.add_scatter(mode="lines", line={"color": "#333", "width": 2}, showlegend=False, row=1, col=2)
    fig.add_scatter(mode="markers", marker=_marker("#333"), showlegend=False, row=1, col=2)
    fig.add_vline(data["switch"], line={"color": "#999", "dash": "dash", "width": 1}, row=1, col=1)
    fig.add_vline(data["switch"], line={"color": "#333", "width": 1}, row=1, col=1)
    _label(fig, data)
    return fig


def _marker(color: str) -> dict:
    return {"color": color, "size": 10, "line": {"color": "white", "width": 1}}


def _label(fig: Figure, data: dict) -> None:
    """Set the labels and ranges of all axes, and the layout."""
    logs, change = np.array(data["log10_errors"]), np.array(data["forgetting"])
    room = 0.05 * np.ptp(change)
    fig.update_xaxes(title="time t", range=[data["time"][0], data["time"][-1]], row=1, col=1)
    fig.update_yaxes(
        title="generalisation error",
        type="log",
        exponentformat="power",
        range=[logs.min(), logs.max() + 0.1],
        row=1,
        col=1,
    )
    fig.update_xaxes(title="similarity V", row=1, col=2)
    fig.update_xaxes(range=[min(data["similarity"]) - 0.02, max(data["similarity"]) + 0.02], row=1, col=2)
    fig.update_yaxes(
        title="forgetting of task 1 (decades)", range=[change.min() - room, change.max() + room], row=1, col=2
    )
    legend = {"orientation": "h", "x": 0.0, "y": 1.0, "yanchor": "bottom"}
    fig.update_layout(template="simple_white", margin={"t": 40, "r": 10, "b": 50}, legend=legend)


def main(curves: str, template: str, script: str, path: str) -> None:
    """Write the page from a file of curves.

    Parameters
    ----------
    curves : path
        The file of the curves of one experiment.
    template, script : path
        The template of the page and its JavaScript.
    path : path
        The page to write.
    """
    data = grid(read_curves(curves))
    plot = figure(data).to_html(full_html=False, include_plotlyjs=True, div_id="plot", config=DISPLAY)
    write_page(
        template,
        path,
        experiment=Path(curves).stem,
        similarities=len(data["similarity"]),
        times=len(data["after"]),
        start=(len(data["similarity"]) // 2, len(data["after"]) // 10),
        plot=plot,
        data=json.dumps(data, allow_nan=False, separators=(",", ":")),
        script=Path(script).read_text(encoding="utf-8"),
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input.curves, snakemake.input.template, snakemake.input.script, snakemake.output[0])
