"""One figure of a run, for the command and for notebooks: errors and order parameters, engines overlaid.

Theory (engine ode) is drawn as lines, simulations as open markers; colour-blind readers can tell the colours.
"""

import io
from collections.abc import Iterator, Sequence

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from teacherstudent.errors import RunError
from teacherstudent.layout import StoredRun
from teacherstudent.trajectory import Trajectory

PANEL = (3.4, 2.5)  # inches
DPI = 150
COLUMNS = 3
MARKERS_PER_CURVE = 25
LEGEND_ROWS = 13  # beside each row of panels

# Okabe & Ito's colours without the yellow that white paper swallows; teachers have the strong ones first.
UNIT_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
TEACHER_COLORS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
OFF_DIAGONAL = "#999999"
DASHES = ("-", "--", ":", "-.")  # teacher units in R, heads in the readouts
MARKERS = {"network": "o", "chain": "s"}  # engine ode is a line


def plot_runs(runs: Sequence[StoredRun]) -> Figure:
    """Draw the errors, Q, R for each teacher, and the readouts of some runs against time.

    Runs that diverged are left out, and their number is said. Colours are units of the student (in the panel
    of errors teachers), dashes the units of the teacher and the heads; dashed verticals are switches.
    """
    if any(run.arrays.get("student_overlaps") is None for run in runs):
        raise RunError("runs without overlaps (see record.quantities) cannot be drawn")
    kept = _kept(runs)
    teachers = max(run.arrays["generalisation_error"].shape[-1] for run in runs)
    figure, axes = _panels(3 + teachers)
    _label(*axes)
    joined = all(engine != "ode" for engine, _ in kept)
    for engine, trajectory in kept:
        _draw_run(axes, trajectory, _style(engine, joined, len(trajectory.time)))
    for ax in axes:
        _finish(ax, kept, logarithmic=any(run.spec.record.spacing == "log" for run in runs))
    _legends(figure, axes[0], kept)
    total = sum(len(run.trajectories) for run in runs)
    if len(kept) < total:
        figure.suptitle(f"{total - len(kept)} of {total} runs diverged and are left out", fontsize="medium")
    return figure


def as_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as the content of a png, pdf or svg file: same figure, same bytes."""
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    picture = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "teacherstudent"}):
        figure.savefig(picture, format=kind, dpi=DPI, metadata=undated.get(kind))
    return picture.getvalue()


def _kept(runs: Sequence[StoredRun]) -> list[tuple[str, Trajectory]]:
    """List engine and trajectory of the runs that did not diverge."""
    every = [(run.engine, trajectory) for run in runs for trajectory in run.trajectories]
    return [(engine, trajectory) for engine, trajectory in every if trajectory.diverged_at is None]


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    rows = -(-count // COLUMNS)
    figure = Figure(figsize=(COLUMNS * PANEL[0] + 1.5, rows * PANEL[1]), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).ravel()
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[max(count - COLUMNS, 0) : count]:
        ax.tick_params(labelbottom=True)
    return figure, list(axes[:count])


def _style(engine: str, joined: bool, rows: int) -> dict:
    """Return how the curves of an engine look; simulations are joined by thin lines where there is no
    theory.
    """
    if engine == "ode":
        return {"linewidth": 1.3, "linestyle": "-"}
    return {
        "marker": MARKERS.get(engine, "D"),
        "markerfacecolor": "none",
        "markersize": 3.5,
        "markevery": max(1, rows // MARKERS_PER_CURVE),
        "linewidth": 0.6,
        "linestyle": "-" if joined else "none",
    }


def _draw_run(axes: Sequence[Axes], trajectory: Trajectory, style: dict) -> None:
    errors, Q, *R, readouts = axes
    _draw_errors(errors, trajectory, style)
    _draw_Q(Q, trajectory, style)
    for ax, blocks in zip(R, trajectory.student_teacher_overlaps.transpose(1, 3, 0, 2), strict=False):
        _draw_units(ax, trajectory.time, blocks, style)
    _draw_units(readouts, trajectory.time, trajectory.student_readouts.transpose(1, 0, 2), style)


def _draw_errors(ax: Axes, trajectory: Trajectory, style: dict) -> None:
    errors = trajectory.generalisation_error
    for curve, color in zip(errors.T, _colors(errors.shape[1], TEACHER_COLORS), strict=True):
        ax.plot(trajectory.time, curve, color=color, **style)


def _draw_Q(ax: Axes, trajectory: Trajectory, style: dict) -> None:
    Q = trajectory.student_overlaps
    for i, k in zip(*np.triu_indices(Q.shape[1], k=1), strict=True):
        ax.plot(trajectory.time, Q[:, i, k], color=OFF_DIAGONAL, **style)
    for k, color in enumerate(_colors(Q.shape[1], UNIT_COLORS)):
        ax.plot(trajectory.time, Q[:, k, k], color=color, **style)


def _draw_units(ax: Axes, time: np.ndarray, blocks: np.ndarray, style: dict) -> None:
    """Draw blocks, shape (teacher units or heads, T, K): a colour for each k, dashes for each block."""
    colors = _colors(blocks.shape[2], UNIT_COLORS)
    for number, block in enumerate(blocks):
        dashes = DASHES[number % len(DASHES)] if style["linestyle"] == "-" else "none"
        for curve, color in zip(block.T, colors, strict=True):
            ax.plot(time, curve, color=color, **{**style, "linestyle": dashes})


def _label(errors: Axes, Q: Axes, *others: Axes) -> None:
    *R, readouts = others
    errors.set(ylabel=r"generalisation error $\epsilon$", yscale="log")
    Q.set_ylabel("student overlaps $Q$")
    for p, ax in enumerate(R):
        ax.set_ylabel(f"overlaps $R$ with teacher {p}")
    readouts.set_ylabel("readouts $h$")


def _finish(ax: Axes, kept: Sequence[tuple[str, Trajectory]], logarithmic: bool) -> None:
    for switch in sorted({float(time) for _, trajectory in kept for time in trajectory.switch_times}):
        ax.axvline(switch, color=OFF_DIAGONAL, linestyle="--", linewidth=0.6, zorder=0)
    if logarithmic:
        ax.set_xscale("log")
    if ax.get_subplotspec().is_last_row() or ax.xaxis.get_tick_params()["labelbottom"]:
        ax.set_xlabel("time $t$ (steps / $N$)")
    ax.spines[["top", "right"]].set_visible(False)


def _legends(figure: Figure, errors: Axes, kept: Sequence[tuple[str, Trajectory]]) -> None:
    """Put teachers into the panel of errors; units, dashes and engines to the right of all panels."""
    if not kept:
        return
    P, K, M = np.max([trajectory.student_teacher_overlaps.shape[1:] for _, trajectory in kept], axis=0)
    heads = max(trajectory.student_readouts.shape[1] for _, trajectory in kept)
    teachers = zip(range(P), _colors(P, TEACHER_COLORS), strict=True)
    handles = [Line2D([], [], color=color, label=f"teacher {p}") for p, color in teachers]
    errors.legend(handles=handles, fontsize="small", frameon=False, ncols=-(-P // 4))
    handles = [*_engine_entries(kept), *_unit_entries(K), *_dash_entries(M, heads)]
    rows = errors.get_gridspec().nrows * LEGEND_ROWS
    columns = -(-len(handles) // rows)
    figure.legend(handles=handles, loc="outside right upper", fontsize="small", frameon=False, ncols=columns)


def _engine_entries(kept: Sequence[tuple[str, Trajectory]]) -> Iterator[Line2D]:
    for engine in sorted({engine for engine, _ in kept}):
        yield Line2D([], [], color="black", label=engine, **_style(engine, joined=False, rows=1))


def _unit_entries(units: int) -> Iterator[Line2D]:
    for k, color in enumerate(_colors(units, UNIT_COLORS)):
        yield Line2D([], [], color=color, label=f"student unit {k}")
    if units > 1:
        yield Line2D([], [], color=OFF_DIAGONAL, label=r"$Q_{ik}$, $i \neq k$")


def _dash_entries(teacher_units: int, heads: int) -> Iterator[Line2D]:
    count = max(teacher_units, heads)
    for number in range(count if count > 1 else 0):
        names = [
            f"{name} {number}"
            for name, known in (("teacher unit", teacher_units), ("head", heads))
            if number < known > 1
        ]
        yield Line2D([], [], color="black", linestyle=DASHES[number % len(DASHES)], label=", ".join(names))


def _colors(count: int, named: Sequence[str]) -> list:
    """Return one colour each, of the named ones if these suffice, otherwise from a map of even lightness."""
    if count <= len(named):
        return list(named[:count])
    return list(colormaps["viridis"](np.linspace(0.0, 0.92, count)))
