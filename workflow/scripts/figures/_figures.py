"""Shared parts of all figure scripts: drawing theory and simulation, and making a figure from curves.

A figure script has

- a docstring: the published figure that it is believed to be, and the result that the reader should see;
- `CAPTION`: the text under the figure: first the plotted quantities, then what is known and what is doubtful;
- `figure(curves)`: draws and returns a matplotlib Figure; it reads no file and no configuration;
- `claims(curves)`: returns the list of `teacherstudent.experiments.claims.Claim` of this figure;
- the last lines

      if __name__ == "__main__":
          _figures.make(snakemake, figure, claims, CAPTION)

Both functions get `curves[experiment][engine]`, a `store.curves.Curves`. Data are plotted by the functions
`plot_*` only: they mark the artists that they make, and the CSV is read back from these
artists, so that it contains exactly the plotted data. Reference lines (`mark_switch`, `axhline`) are not data
and not in the CSV.
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import ascii_lowercase

# isort: split
from _logs import logged  # first: makes the imports below faster

# isort: split
from teacherstudent.plotting.settings import drawing, pdf_and_png  # imports matplotlib safely

# isort: split
import matplotlib
import numpy as np
from _numbers import numbers, write_numbers
from _plots import (
    colors_along,
    plot_heatmap,
    plot_runs,
    plot_simulation,
    plot_theory,
    series_color,
    task_color,
)
from _seaborn import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from teacherstudent.experiments.claims import Claim, write_claims
from teacherstudent.files.writing import whole_text, write_whole
from teacherstudent.store.curves import Curves, read_curves

__all__ = [
    "COLUMN",
    "PAGE",
    "colors_along",
    "excluded_note",
    "letter",
    "log_axes",
    "make",
    "mark_switch",
    "numbers",
    "panels",
    "paper_style",
    "plot_heatmap",
    "plot_runs",
    "plot_simulation",
    "plot_theory",
    "save",
    "series_color",
    "sizes_note",
    "task_color",
]

# Widths in inches: one column and the full page of a two-column paper.
COLUMN = 3.25
PAGE = 6.75

Experiments = Mapping[str, Mapping[str, Curves]]


@contextmanager
def paper_style(style: str | Path) -> Iterator[None]:
    """Draw figures in the block with the theme of seaborn for papers and a style sheet over it.

    Settings of the user have no effect. Raises OSError where the style sheet cannot be read.
    """
    own = matplotlib.rc_params_from_file(style, fail_on_error=True, use_default_template=False)
    theme = {**sns.axes_style("ticks"), **sns.plotting_context("paper")}
    with drawing(), matplotlib.rc_context(theme | own):
        yield


def panels(
    rows: int = 1, columns: int = 1, width: float = COLUMN, ratio: float = 0.75
) -> tuple[Figure, np.ndarray]:
    """Return a figure and its panels.

    Parameters
    ----------
    rows, columns : int
        Numbers of panels down and across.
    width : float
        Width of the figure in inches; COLUMN and PAGE are those of a paper with two columns.
    ratio : float
        Height of a panel over its width.

    Returns
    -------
    Figure, ndarray of Axes, shape (rows, columns)
    """
    fig = Figure(figsize=(width, width / columns * ratio * rows))
    return fig, fig.subplots(rows, columns, squeeze=False)


def mark_switch(ax: Axes, *times: float) -> None:
    """Mark switches between tasks by thin dashed lines."""
    for time in times:
        ax.axvline(time, color="0.6", linewidth=0.8, linestyle="--", zorder=0)


def letter(axes: Iterable[Axes]) -> None:
    """Write (a), (b), ... at the upper left of panels."""
    for ax, name in zip(np.ravel(axes), ascii_lowercase, strict=False):
        ax.set_title(f"({name})", loc="left", fontweight="bold")


def log_axes(ax: Axes, which: str = "y") -> None:
    """Make axes logarithmic: `x`, `y` or `xy`."""
    ax.set(**{f"{name}scale": "log" for name in which})


def excluded_note(curves: Experiments) -> str:
    """Return a sentence with the number of runs that diverged and are left out; empty if none."""
    entries = [entry for engines in curves.values() for entry in engines.values()]
    excluded, total = sum(entry.excluded for entry in entries), sum(entry.diverged.size for entry in entries)
    return f"{excluded} of {total} runs diverged and are left out." if excluded else ""


def sizes_note(curves: Experiments) -> str:
    """Return sentences with the sizes of the drawn data, which are smaller in the small form of a figure."""
    experiments: dict[str, list[str]] = {}
    for name, engines in curves.items():
        for entry in engines.values():
            experiments.setdefault(_sizes(entry), []).append(name)
    listed = "; ".join(f"{sizes} ({', '.join(names)})" for sizes, names in experiments.items())
    return f"Data of this figure: {listed}. Other numbers of inputs, values and runs are those of the papers."


def _sizes(entry: Curves) -> str:
    """Return a text with the numbers of inputs, of values along each axis, and of runs."""
    dimension = entry.document.get("inputs", {}).get("dimension")
    inputs = [f"{dimension} inputs"] if dimension and "inputs.dimension" not in entry.axes else []
    axes = [f"{len(values)} values of {key}" for key, values in entry.axes.items()]
    return ", ".join([entry.engine, *inputs, *axes, "1 run" if entry.runs == 1 else f"{entry.runs} runs"])


def make(
    snakemake,
    figure: Callable[[Experiments], Figure],
    claims: Callable[[Experiments], list[Claim]],
    caption: str,
) -> None:
    """Read the curves that a rule names, and write its figure, numbers, caption and claims.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to a script: input (curves, style), output (pdf, png, csv, caption,
        claims) and log.
    figure, claims : callable
        Functions of `curves[experiment][engine]`, as in the docstring of this module.
    caption : str
        Text under the figure; line breaks in it have no meaning.
    """
    with logged(snakemake.log[0]):
        curves = {Path(path).stem: read_curves(path) for path in snakemake.input.curves}
        with paper_style(snakemake.input.style):
            save(figure(curves), snakemake.output)
        parts = " ".join(caption.split()), sizes_note(curves), excluded_note(curves)
        text = " ".join(filter(None, parts))
        with whole_text(snakemake.output.caption) as file:
            file.write(textwrap.fill(text, 100) + "\n")
        write_claims(snakemake.output.claims, claims(curves))


def save(fig: Figure, output) -> None:
    """Save a figure as PDF and PNG, and its numbers as CSV: same data, same bytes.

    The layout is computed for the PDF only, and the PNG has the same.
    """
    pdf, png = pdf_and_png(fig)
    write_whole(output.pdf, pdf)
    write_whole(output.png, png)
    write_numbers(output.csv, fig)
