"""The command `list`: engines, and the experiments and figures of the workflow in the working folder."""

from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from teacherstudent.command.tables import print_table
from teacherstudent.engines.base import ENGINES
from teacherstudent.experiments.configuration import EXPERIMENTS, read_folder
from teacherstudent.experiments.jobs import read_grids
from teacherstudent.experiments.plan import read_figures
from teacherstudent.experiments.scripts import description

SCRIPTS = Path("workflow") / "scripts" / "figures"


def print_list(kind: str | None) -> None:
    """Print the table of one kind, or all tables of the working folder.

    Raises RunError if experiments or figures are requested and the folder has no workflow, SpecError if the
    configuration of the workflow is not valid.
    """
    tables = {"engines": _engines, "experiments": _experiments, "figures": _figures}
    if kind is None and not EXPERIMENTS.is_dir():
        kind = "engines"
    for name in [kind] if kind else tables:
        columns, *rows = tables[name]()
        _print(columns, rows)


def _print(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*map(Text, row))
    print_table(table)


def _engines() -> Iterator[tuple[str, ...]]:
    yield "engine", "description"
    yield from ((engine.name, engine.summary) for engine in ENGINES.values())


def _experiments() -> Iterator[tuple[str, ...]]:
    figures = read_figures().values()
    yield "experiment", "runs", "figures"
    for name, entry in read_folder().get("experiments", {}).items():
        counts = (f"{engine} {grid.total_runs}" for engine, grid in read_grids(name, entry).items())
        used = (figure.name for figure in figures if name in figure.experiments)
        yield name, ", ".join(counts), ", ".join(used)


def _figures() -> Iterator[tuple[str, ...]]:
    yield "figure", "paper", "description"
    for name, figure in read_figures().items():
        yield name, figure.paper, figure.title if figure.title != name else _summary(name)


def _summary(figure: str) -> str:
    """Return the first paragraph of the script of a figure, empty if there is no script."""
    script = SCRIPTS / f"{figure}.py"
    return " ".join(description(script).split("\n\n")[0].split()) if script.is_file() else ""
