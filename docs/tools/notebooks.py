"""Runs scripts with cells (`# %%`, `# %% [markdown]`) as notebooks: text, code and output."""

import ast
import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# isort: split
from teacherstudent.plotting.settings import UNDATED, drawing  # imports matplotlib safely

# isort: split
from matplotlib.figure import Figure

MARKDOWN, CODE = "markdown", "code"


@dataclass(frozen=True)
class Cell:
    """One cell: its kind, its source, and after a run its printed text and the value of its last line."""

    kind: str
    source: str
    printed: str = ""
    value: Any = None


def read_cells(path: Path) -> list[Cell]:
    """Split a script into cells."""
    cells = []
    for part in path.read_text(encoding="utf-8").split("# %%")[1:]:
        first, _, rest = part.partition("\n")
        if "[markdown]" in first:
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in rest.strip().splitlines())
            cells.append(Cell(MARKDOWN, text))
        else:
            cells.append(Cell(CODE, rest.strip()))
    return cells


def run_cells(cells: list[Cell]) -> list[Cell]:
    """Run the code of all cells in one namespace; return the cells with their output."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    return [_run(cell, namespace) if cell.kind == CODE else cell for cell in cells]


def _run(cell: Cell, namespace: dict[str, Any]) -> Cell:
    tree = ast.parse(cell.source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "<cell>", "exec"), namespace)
        value = last and eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return Cell(CODE, cell.source, printed.getvalue(), value)


def picture(value: Any) -> bytes | None:
    """Return a value as PNG where it is a figure."""
    if not isinstance(value, Figure):
        return None
    buffer = io.BytesIO()
    with drawing():
        value.savefig(buffer, format="png", dpi=110, metadata=UNDATED["png"])
    return buffer.getvalue()
