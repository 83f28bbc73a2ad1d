"""One figure of some runs, for the command and for notebooks: errors and order parameters, engines overlaid.

Deterministic engines are drawn as lines, others as open markers; colour-blind readers can tell the colours.
Many runs of one spec are drawn as their median and a band.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# isort: split
from teacherstudent.plotting.settings import NotebookFigure, as_bytes, drawing  # imports matplotlib safely

# isort: split
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.store.stored_run import StoredRun

__all__ = ["as_bytes", "plot_runs"]

PANEL = (3.4, 2.5)  # inches
COLUMNS = 3
MARKERS_PER_CURVE = 25
LEGEND_ROWS = 13  # beside each row of panels

# More runs of one spec than this are a median and a band from the first to the last of these quantiles.
MOST_LINES = 10
QUANTILES = (0.1, 0.5, 0.9)
BAND = {"alpha": 0.25, "linewidth": 0.0}

# Okabe & Ito's colours without the yellow that white paper swallows; teachers have the strong ones first.
UNIT_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
TEACHER_COLORS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
OFF_DIAGONAL = "#999999"
DASHES = ("-", "--", ":", "-.")  # teacher units in R, heads in the readouts
LINES = {engine.name for engine in ENGINES.values() if engine.deterministic}
MARKERS = dict(zip([name for name in ENGINES if name not in LINES], "os^v<>", strict=False))


@dataclass(frozen=True)
class _Group:
    """Runs of one spec and one engine, recorded at the same times; those that diverged are left out."""

    engine: str
    runs: list[Trajectory] = field(default_factory=list)

    @property
    def is_band(self) -> bool:
        return len(self.runs) > MOST_LINES

    @property
    def time(self) -> np.ndarray:
        return self.runs[0].time

    @property
    def label(self) -> str:
        if not self.is_band:
            return self.engine
        low, _, high = QUANTILES
        return f"{self.engine}, {len(self.runs)} runs:\nmedian, {low:.0%} to {high:.0%}"


def plot_runs(runs: StoredRun | Sequence[StoredRun]) -> Figure:
    """Draw the errors, Q, R for each teacher, and the readouts of some runs against time.

    Colours are units of the student (in the panel of errors teachers), dashes the units of the teacher and
    the heads; dashed verticals are switches. More than ten runs of one spec and engine are drawn as their
    median and a band from the 10 % to the 90 % quantile at each time. Runs that diverged are left out and
    counted.

    Parameters
    ----------
    runs : StoredRun, Run or a sequence of them
        What `teacherstudent.run` or `teacherstudent.read_run` returns; each may have several runs.

    Returns
    -------
    Figure
        A figure of matplotlib that is shown and saved in the same way whatever the user's settings are.

    Raises
    ------
    RunError
        If there are no runs, or if they were recorded without overlaps.
    """
    stored = [runs] if hasattr(runs, "trajectories") else list(runs)
    if not stored:
        raise RunError("there are no runs to draw")
    if any(run.arrays.get("student_overlaps") is None for run in stored):
        raise RunError("runs without overlaps (see record.quantities) cannot be drawn")
    groups = _groups(stored)
    teachers = max(run.arrays["generalisation_error"].shape[-1] for run in stored)
    total = sum(len(run.trajectories) for run in stored)
    left_out = total - sum(len(group.runs) for group in groups)
    with drawing():
        figure, axes = _panels(3 + teachers)
        _label(*axes)
        joined = all(group.engine not in LINES for group in groups)
        for group in groups:
            _draw_group(axes, group, _style(group.engine, joined, len(group.time)))
        for ax in axes:
            _finish(ax, groups, logarithmic=any(run.spec.record.spacing == "log" for run in stored))
        _legends(figure, axes[0], groups)
        if left_out:
            figure.suptitle(f"{left_out} of {total} runs diverged and are left out", fontsize="medium")
    return figure


def _groups(stored: Sequence[StoredRun]) -> list[_Group]:
    """Sort the runs that did not diverge into groups."""
    groups: dict[tuple, _Group] = {}
    for run in stored:
        spec = run.spec.to_json()
        for trajectory in run.trajectories:
            if trajectory.diverged_at is None:
                key = (run.engine, spec, trajectory.time.tobytes())
                groups.setdefault(key, _Group(run.engine)).runs.append(trajectory)
    return list(groups.values())


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    rows = -(-count // COLUMNS)
    figure = NotebookFigure(figsize=(COLUMNS * PANEL[0] + 1.5, rows * PANEL[1]), layout="constrained")
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
    if engine in LINES:
        return {"linewidth": 1.3, "linestyle": "-"}
    return {
        "marker": MARKERS.get(engine, "D"),
        "markerfacecolor": "none",
        "markersize": 3.5,
        "markevery": max(1, rows // MARKERS_PER_CURVE),
        "linewidth": 0.6,
        "linestyle": "-" if joined else "none",
    }


def _draw_group(axes: Sequence[Axes], group: _Group, style: dict) -> None:
    errors, Q, *R, readouts = axes
    P, K, M = group.runs[0].student_teacher_overlaps.shape[1:]
    for p, color in enumerate(_colors(P, TEACHER_COLORS)):
        _draw_curve(errors, group, "generalisation_error", (p,), color, style)
    for pair in zip(*np.triu_indices(K, k=1), strict=True):
        _draw_curve(Q, group, "student_overlaps", pair, OFF_DIAGONAL, style)
    for k, color in enumerate(_colors(K, UNIT_COLORS)):
        _draw_curve(Q, group, "student_overlaps", (k, k), color, style)
        for p, m in np.ndindex(P, M):
            _draw_curve(R[p], group, "student_teacher_overlaps", (p, k, m), color, _dashed(style, m))
        for head in range(group.runs[0].student_readouts.shape[1]):
            _draw_curve(readouts, group, "student_readouts", (head, k), color, _dashed(style, head))


def _dashed(style: dict, number: int) -> dict:
    """Return a style with the dashes of a teacher unit or a head; curves of markers alone stay so."""
    return {**style, "linestyle": DASHES[number % len(DASHES)]} if style["linestyle"] == "-" else style


def _draw_curve(ax: Axes, group: _Group, name: str, index: tuple[int, ...], color, style: dict) -> None:
    """Draw one entry of an array against time: a line for each run, or their median and band."""
    curves = np.array([getattr(run, name)[:, *index] for run in group.runs])
    if group.is_band:
        low, median, high = np.quantile(curves, QUANTILES, axis=0)
        ax.fill_between(group.time, low, high, color=color, **BAND)
        curves = [median]
    for curve in curves:
        ax.plot(group.time, curve, color=color, **style)


def _label(errors: Axes, Q: Axes, *others: Axes) -> None:
    *R, readouts = others
    errors.set(ylabel=r"generalisation error $\epsilon$", yscale="log")
    Q.set_ylabel("student overlaps $Q$")
    for p, ax in enumerate(R):
        ax.set_ylabel(f"overlaps $R$ with teacher {p}")
    readouts.set_ylabel("readouts $h$")


def _finish(ax: Axes, groups: Sequence[_Group], logarithmic: bool) -> None:
    """Mark the switches, in many runs by the median of each, and set up the axis of time."""
    lines = {"color": OFF_DIAGONAL, "linestyle": "--", "linewidth": 0.6, "zorder": 0}
    for switch in sorted({float(time) for group in groups for time in _switches(group)}):
        ax.axvline(switch, **lines)
    if logarithmic:
        ax.set_xscale("log")
    if ax.get_subplotspec().is_last_row() or ax.xaxis.get_tick_params()["labelbottom"]:
        ax.set_xlabel("time $t$ (steps / $N$)")
    ax.spines[["top", "right"]].set_visible(False)


def _switches(group: _Group) -> Sequence[float]:
    times = [run.switch_times for run in group.runs]
    if not group.is_band:
        return np.concatenate(times)
    most = max(map(len, times))  # with thresholds, runs may differ in their number
    return [np.median([run[number] for run in times if len(run) > number]) for number in range(most)]


def _legends(figure: Figure, errors: Axes, groups: Sequence[_Group]) -> None:
    """Put teachers into the panel of errors; units, dashes and engines to the right of all panels."""
    if not groups:
        return
    P, K, M = np.max([group.runs[0].student_teacher_overlaps.shape[1:] for group in groups], axis=0)
    heads = max(group.runs[0].student_readouts.shape[1] for group in groups)
    teachers = zip(range(P), _colors(P, TEACHER_COLORS), strict=True)
    handles = [Line2D([], [], color=color, label=f"teacher {p}") for p, color in teachers]
    errors.legend(handles=handles, fontsize="small", frameon=False, ncols=-(-P // 4))
    entries = [*_engine_entries(groups), *_unit_entries(K), *_dash_entries(M, heads)]
    labels = [entry[-1].get_label() if isinstance(entry, tuple) else entry.get_label() for entry in entries]
    rows = errors.get_gridspec().nrows * LEGEND_ROWS
    columns = -(-len(entries) // rows)
    where = {"loc": "outside right upper", "ncols": columns}
    figure.legend(entries, labels, fontsize="small", frameon=False, **where)


def _engine_entries(groups: Sequence[_Group]) -> Iterator[Line2D | tuple[Patch, Line2D]]:
    """Yield a line for each engine, on a patch where it is drawn with a band."""
    named = {(group.engine, group.label): group.is_band for group in groups}
    for (engine, label), is_band in sorted(named.items()):
        line = Line2D([], [], color="black", label=label, **_style(engine, joined=False, rows=1))
        yield (Patch(color="black", **BAND), line) if is_band else line


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
