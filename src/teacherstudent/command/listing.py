"""What there is to run: engines, and the experiments and figures of the workflow in a folder."""

import ast
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from teacherstudent.command.arguments import ENGINES
from teacherstudent.command.tables import print_table
from teacherstudent.errors import RunError, SpecError
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.spec.axes import read_axes
from teacherstudent.spec.schema import complete

EXPERIMENTS = Path("config") / "experiments"
SCRIPTS = Path("workflow") / "scripts" / "figures"


def print_list(kind: str | None) -> None:
    """Print one kind, or all that there are in the working folder.

    Raises RunError where experiments or figures are asked for and the folder has no workflow, SpecError where
    its configuration cannot be read.
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
    yield "engine", "what it does"
    yield from ENGINES.items()


def _experiments() -> Iterator[tuple[str, ...]]:
    used: dict[str, list[str]] = {}
    for figure, entry in entries("figures").items():
        for name in entry.get("experiments", []):
            used.setdefault(name, []).append(figure)
    yield "experiment", "runs", "figures"
    for name, entry in entries("experiments").items():
        yield name, _runs(name, entry), ", ".join(used.get(name, []))


def _figures() -> Iterator[tuple[str, ...]]:
    yield "figure", "paper", "what it shows"
    for name, entry in entries("figures").items():
        shown = entry.get("title") or figure_summary(SCRIPTS / f"{name}.py")
        yield name, entry.get("paper", ""), str(shown)


def figure_summary(script: Path) -> str:
    """Return the first sentence that a script says about its figure; empty where there is no script."""
    if not script.is_file():
        return ""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def _runs(name: str, entry: Any) -> str:
    """Say how many runs each engine makes."""
    try:
        grids = complete(entry, "experiment")["engines"]
        counts = {engine: _count(engine, grid) for engine, grid in grids.items()}
    except SpecError as error:
        raise SpecError(f"experiment {name}: {error}") from error
    return ", ".join(f"{engine} {count}" for engine, count in counts.items())


def _count(engine: str, grid: Mapping[str, Any]) -> int:
    axes = read_axes(f"engines.{engine}", grid["outer"] | grid["inner"])
    return grid["runs"] * math.prod(len(values) for values in axes.values())


def entries(kind: str, root: Path = Path()) -> dict[str, dict]:
    """Return the experiments or the figures of the workflow in a folder, from all of its files, by name.

    Raises RunError where the folder has no workflow, SpecError where its files cannot be read.
    """
    folder = root / EXPERIMENTS
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder} here; go to the folder of a workflow")
    merged: dict[str, dict] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = read_yaml(path) or {}
        found = (document.get(kind) or {}) if isinstance(document, Mapping) else document
        if not isinstance(found, Mapping) or not all(isinstance(item, Mapping) for item in found.values()):
            raise SpecError(f"{path}: {kind} must be a block of names, each with a block of keys")
        merged |= found
    return merged
