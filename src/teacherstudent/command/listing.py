"""The command `list`: engines, and the experiments and figures of the workflow in the working folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from teacherstudent.command.printing import print_table
from teacherstudent.engines.base import ENGINES

SCRIPTS = Path("workflow") / "scripts" / "figures"


def print_list(kind: str | None) -> None:
    """Print the table of one kind, or all tables of the working folder.

    Raises RunError if experiments or figures are requested and the folder has no workflow, SpecError if the
    configuration of the workflow is not valid.
    """
    if kind in (None, "engines"):
        _print(_engines())
    if kind != "engines":
        _print_workflow(kind)


def _print_workflow(kind: str | None) -> None:
    """Print experiments, figures or both; nothing if neither is asked for and the folder has no workflow."""
    from teacherstudent.experiments.configuration import EXPERIMENTS, read_folder  # slow to import

    if kind is None and not EXPERIMENTS.is_dir():
        return
    config = read_folder()
    for name, rows in {"experiments": _experiments, "figures": _figures}.items():
        if kind in (None, name):
            _print(rows(config))


def _print(rows: Iterator[tuple[str, ...]]) -> None:
    """Print a table; the first row has the names of the columns."""
    table = Table(*next(rows), box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*map(Text, row))
    print_table(table)


def _engines() -> Iterator[tuple[str, ...]]:
    yield "engine", "description"
    yield from ((engine.name, engine.summary) for engine in ENGINES.values())


def _experiments(config: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    from teacherstudent.experiments.figures import sorted_figures
    from teacherstudent.experiments.grid import read_grids

    figures = sorted_figures(config).values()
    yield "experiment", "runs", "figures"
    for name, entry in config.get("experiments", {}).items():
        counts = (f"{engine} {grid.total_runs}" for engine, grid in read_grids(name, entry).items())
        used = (figure.name for figure in figures if name in figure.experiments)
        yield name, ", ".join(counts), ", ".join(used)


def _figures(config: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    from teacherstudent.experiments.figures import sorted_figures

    yield "figure", "paper", "description"
    for name, figure in sorted_figures(config).items():
        yield name, figure.paper, figure.title if figure.title != name else _summary(name)


def _summary(figure: str) -> str:
    """Return the first paragraph of the script of a figure, empty if there is no script."""
    from teacherstudent.experiments.scripts import description

    script = SCRIPTS / f"{figure}.py"
    return " ".join(description(script).split("\n\n")[0].split()) if script.is_file() else ""
