"""The figure of runs of the command and of notebooks: errors and order parameters of one or more engines.

Deterministic engines are plotted as lines, others as open markers, in colours that colour-blind readers can
distinguish. Many runs of one spec are plotted as their median and a band.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

# isort: split
from teacherstudent.plotting.settings import NotebookFigure, drawing  # imports matplotlib safely

# isort: split
import numpy as np
import pandas
import seaborn
from matplotlib import rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import RunError, SpecError
from teacherstudent.store.frames import frame_of
from teacherstudent.store.stored_run import StoredRun

QUANTITIES = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")
WRONG = "classification_error"  # in a further panel, where runs have it
PANEL = (3.4, 2.5)  # inches
COLUMNS = 3
MARKERS_PER_CURVE = 25
LEGEND_ROWS = 13  # beside each row of panels

# More runs of one spec than this are plotted as their median and a band between the outer quantiles.
MOST_LINES = 10
QUANTILES = (0.1, 0.5, 0.9)
BAND = {"alpha": 0.25, "linewidth": 0.0}

OTHER = -1  # instead of a unit: off-diagonal entries of Q
GREY = "#999999"
DISTINCT = 7  # colours of the palette that differ from grey and are dark enough on white
DASHES = ("", (4, 1.5), (1, 1), (4, 1.5, 1, 1.5))  # teacher units in R, heads in the readouts
LINES = {engine.name for engine in ENGINES.values() if engine.deterministic}
MARKERS = dict(zip([name for name in ENGINES if name not in LINES], "os^v<>", strict=False))
# Fonts of seaborn's theme depend on the machine; matplotlib's own font does not.
STYLE = {
    **seaborn.axes_style("ticks"),
    **seaborn.plotting_context("paper"),
    "font.sans-serif": rcParamsDefault["font.sans-serif"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
}


@dataclass(frozen=True)
class _Group:
    """Runs of one spec and one engine, recorded at the same times, without those that diverged."""

    engine: str
    frames: dict[str, pandas.DataFrame]  # by quantity; of a band the medians, with columns `low` and `high`
    switches: list[np.ndarray]  # of each run

    @property
    def is_band(self) -> bool:
        return len(self.switches) > MOST_LINES

    @property
    def label(self) -> str:
        runs = f"{self.engine}, {len(self.switches)} runs:\nmedian, 10% to 90%"
        return runs if self.is_band else self.engine

    def size(self, quantity: str, index: str) -> int:
        """Return the number of teachers, units or heads."""
        return len(self.frames[quantity][index].cat.categories)


def plot_runs(runs: StoredRun | Sequence[StoredRun]) -> Figure:
    """Plot the errors, Q, R for each teacher, and the readouts of runs against time.

    Colours distinguish units of the student (in the panel of errors teachers), dashes units of the teacher
    and heads; dashed vertical lines are switches. More than ten runs of one spec and engine are plotted as
    their median and a band from the 10 % to the 90 % quantile at each time. Runs that diverged are left out;
    their number is written above the panels.

    Parameters
    ----------
    runs : Run or sequence of Run
        Results of `teacherstudent.run`, `read_run` or `read_runs`; each may have several runs.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; how it is shown and saved does not depend on the settings of the user.

    Raises
    ------
    RunError
        If there are no runs, or if runs were recorded without overlaps.
    SpecError
        If the argument is anything else, such as the path of a file.
    """
    stored = _as_list(runs)
    if not stored:
        raise RunError("there are no runs to plot")
    if any("student_overlaps" not in run.arrays for run in stored):
        raise RunError("runs without overlaps (see record.quantities) cannot be plotted")
    groups = _groups(stored)
    teachers = max(run.arrays["generalisation_error"].shape[-1] for run in stored)
    total = sum(len(run.trajectories) for run in stored)
    left_out = total - sum(len(group.switches) for group in groups)
    with drawing(STYLE):
        further = any(WRONG in group.frames for group in groups)
        figure, axes = _panels(3 + teachers + further)
        joined = all(group.engine not in LINES for group in groups)
        for group in groups:
            _draw_group(axes[: 3 + teachers], group, joined)
            if WRONG in group.frames:
                _draw(axes[-1], group, joined, group.frames[WRONG], color=group.frames[WRONG].teacher)
        names = _names(teachers, further)
        _finish(axes, names, groups, any(run.spec.record.spacing == "log" for run in stored))
        _legends(figure, axes[0], groups)
        if left_out:
            figure.suptitle(f"{left_out} of {total} runs diverged and are left out", fontsize="medium")
    return figure


def _as_list(runs: Any) -> list[StoredRun]:
    """Return the argument of `plot_runs` as a list."""
    if isinstance(runs, StoredRun):
        return [runs]
    stored = list(runs) if isinstance(runs, Iterable) and not isinstance(runs, str | bytes) else [runs]
    wrong = [type(one).__name__ for one in stored if not isinstance(one, StoredRun)]
    if wrong:
        raise SpecError(
            f"runs: {wrong[0]} is not allowed; "
            "it must be a Run, as returned by run and read_run, or a sequence of them"
        )
    return stored


def _groups(stored: Sequence[StoredRun]) -> list[_Group]:
    """Group the runs that did not diverge by engine, spec and recorded times."""
    groups: dict[tuple, list[StoredRun]] = {}
    for run in stored:
        key = run.engine, run.spec.to_json(), run.arrays["time"].tobytes()
        groups.setdefault(key, []).append(run)
    found = [_group(engine, members) for (engine, *_), members in groups.items()]
    return [group for group in found if group.switches]


def _group(engine: str, members: Sequence[StoredRun]) -> _Group:
    """Join the finite runs of one group; many of them are summarised by quantiles."""
    finite = [run for member in members for run in member.trajectories if run.diverged_at is None]
    if not finite:
        return _Group(engine, {}, [])
    names = QUANTITIES if WRONG not in members[0].arrays else (*QUANTITIES, WRONG)
    arrays = {name: np.stack([getattr(run, name) for run in finite]) for name in names}
    if len(finite) > MOST_LINES:
        arrays = {name: np.quantile(array, QUANTILES, axis=0) for name, array in arrays.items()}
    active = np.zeros(arrays["generalisation_error"].shape[:2], int)
    joined = replace(members[0], arrays={"time": finite[0].time, "active_teacher": active, **arrays})
    frames = {name: frame_of(joined, [name]) for name in names}
    if len(finite) > MOST_LINES:
        frames = {name: _with_bounds(frame) for name, frame in frames.items()}
    return _Group(engine, frames, [run.switch_times for run in finite])


def _with_bounds(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Return the rows of the medians; those of the other quantiles become the columns `low` and `high`."""
    low, median, high = (frame[frame.run == number] for number in range(len(QUANTILES)))
    return median.assign(low=low.value.to_numpy(), high=high.value.to_numpy())


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with a number of panels; the lowest panel of each column has labels of times."""
    rows = -(-count // COLUMNS)
    size = (COLUMNS * PANEL[0] + 1.5, rows * PANEL[1])
    figure = NotebookFigure(STYLE, figsize=size, layout="constrained")
    axes = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).ravel()
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[max(count - COLUMNS, 0) : count]:
        ax.tick_params(labelbottom=True)
    return figure, list(axes[:count])


def _draw_group(axes: Sequence[Axes], group: _Group, joined: bool) -> None:
    """Plot each quantity of a group into its panel."""
    errors, Q, *R, readouts = axes
    error, q, r, h = (group.frames[name] for name in QUANTITIES)
    _draw(errors, group, joined, error, color=error.teacher)
    i, k = q.student_unit.to_numpy(int), q.student_unit_other.to_numpy(int)
    color = np.where(i == k, k, OTHER)
    _draw(Q, group, joined, q.assign(pair=i * (k.max(initial=0) + 1) + k)[i <= k], color[i <= k], "pair")
    for p, ax in enumerate(R[: group.size("generalisation_error", "teacher")]):
        own = r[r.teacher == p]
        _draw(ax, group, joined, own, own.student_unit, "teacher_unit")
    _draw(readouts, group, joined, h, h.student_unit, "head")


def _draw(
    ax: Axes, group: _Group, joined: bool, frame: pandas.DataFrame, color, style: str | None = None
) -> None:
    """Plot the curves of a panel: a line for each run, or their median and band.

    `color` has the unit of each row of the frame; the column `style` distinguishes the curves of a unit.
    """
    color = np.asarray(color, int)
    look = _look(group.engine, joined, frame.time.nunique())
    styles = [] if style is None else sorted(frame[style].unique())
    dashes = {name: DASHES[n % len(DASHES) if style != "pair" else 0] for n, name in enumerate(styles)}
    palette = _palette(color.max(initial=0) + 1) | {OTHER: GREY}
    seaborn.lineplot(
        frame,
        x="time",
        y="value",
        hue=color,
        palette=palette,
        style=style,
        dashes=dashes if look["linestyle"] == "-" else False,
        sort=False,
        legend=False,
        ax=ax,
        estimator=None,
        units="run",
        **look,
    )
    if group.is_band:
        for (unit, *_), curve in frame.groupby([color] if style is None else [color, style], observed=True):
            ax.fill_between(curve.time, curve.low, curve.high, color=palette[unit], **BAND)


def _look(engine: str, joined: bool, rows: int) -> dict[str, Any]:
    """Return the style of the curves of an engine; simulations without theory are joined by thin lines."""
    if engine in LINES:
        return {"linestyle": "-"}
    return {
        "marker": MARKERS.get(engine, "D"),
        "markerfacecolor": "none",
        "markeredgecolor": "auto",
        "markersize": 3.5,
        "markevery": max(1, rows // MARKERS_PER_CURVE),
        "linewidth": 0.6,
        "linestyle": "-" if joined else "none",
    }


def _palette(count: int) -> dict[int, Any]:
    """Return a colour for each unit: of a qualitative palette if it is large enough, otherwise of viridis."""
    if count <= DISTINCT:
        return dict(enumerate(seaborn.color_palette("colorblind", count)))
    return dict(enumerate(seaborn.color_palette("viridis", count)))


def _names(teachers: int, further: bool) -> list[str]:
    """Return the labels of the axes of all panels."""
    names = ["generalisation error $\\epsilon$", "student overlaps $Q$"]
    names += [f"overlaps $R$ with teacher {p}" for p in range(teachers)]
    return [*names, "readouts $h$", *["classification error $\\epsilon_c$"][: int(further)]]


def _finish(axes: Sequence[Axes], names: Sequence[str], groups: Sequence[_Group], log_time: bool) -> None:
    """Label the axes and mark the switches."""
    switches = sorted({float(time) for group in groups for time in _switches(group)})
    for ax, name in zip(axes, names, strict=True):
        for switch in switches:
            ax.axvline(switch, color=GREY, linestyle="--", linewidth=0.6, zorder=0)
        lowest = ax.get_subplotspec().is_last_row() or ax.xaxis.get_tick_params()["labelbottom"]
        ax.set(xlabel="time $t$ (steps / $N$)" if lowest else "", ylabel=name)
        if log_time:
            ax.set_xscale("log")
    axes[0].set_yscale("log")  # after plotting: quantiles are those of the errors, not of their logarithms


def _switches(group: _Group) -> Sequence[float]:
    """Return the times of all switches; for many runs the median time of each switch."""
    if not group.is_band:
        return np.concatenate(group.switches)
    most = max(map(len, group.switches))  # with thresholds, runs may differ in their number
    return [np.median([run[number] for run in group.switches if len(run) > number]) for number in range(most)]


def _legends(figure: Figure, errors: Axes, groups: Sequence[_Group]) -> None:
    """Add teachers to the panel of errors; engines, units and dashes to the right of all panels."""
    if not groups:
        return
    P, K, M, heads = (
        max(group.size(quantity, index) for group in groups)
        for quantity, index in (
            ("generalisation_error", "teacher"),
            ("student_overlaps", "student_unit"),
            ("student_teacher_overlaps", "teacher_unit"),
            ("student_readouts", "head"),
        )
    )
    teachers = [Line2D([], [], color=color, label=f"teacher {p}") for p, color in _palette(P).items()]
    errors.legend(handles=teachers, fontsize="small", ncols=-(-P // 4))
    entries = dict([*_engine_entries(groups), *_unit_entries(K), *_dash_entries(M, heads)])
    rows = errors.get_gridspec().nrows * LEGEND_ROWS
    where = {"loc": "outside right upper", "ncols": -(-len(entries) // rows)}
    figure.legend(list(entries.values()), list(entries), fontsize="small", **where)


def _engine_entries(groups: Sequence[_Group]) -> Iterator[tuple[str, Any]]:
    """Yield a line for each engine, on a patch where it is plotted with a band."""
    for label, group in sorted({group.label: group for group in groups}.items()):
        line = Line2D([], [], color="black", **_look(group.engine, joined=False, rows=1))
        yield label, (Patch(color="black", **BAND), line) if group.is_band else line


def _unit_entries(units: int) -> Iterator[tuple[str, Line2D]]:
    """Yield a line for each unit of the student, and one for off-diagonal entries of Q."""
    for k, color in _palette(units).items():
        yield f"student unit {k}", Line2D([], [], color=color)
    if units > 1:
        yield r"$Q_{ik}$, $i \neq k$", Line2D([], [], color=GREY)


def _dash_entries(teacher_units: int, heads: int) -> Iterator[tuple[str, Line2D]]:
    """Yield a line for each pattern of dashes: a unit of the teacher, a head, or both."""
    sizes = {name: size for name, size in (("teacher unit", teacher_units), ("head", heads)) if size > 1}
    for number in range(max(sizes.values(), default=0)):
        label = ", ".join(f"{name} {number}" for name, size in sizes.items() if number < size)
        dashes = DASHES[number % len(DASHES)]
        yield label, Line2D([], [], color="black", linestyle=(0, dashes) if dashes else "-")
