"""What a script imports: private modules, at which Snakemake does not look, and the library."""

import ast
from functools import cache
from pathlib import Path

from teacherstudent.engines.base import ENGINES
from teacherstudent.store import digest

SCRIPTS = Path(__file__).parent
# What runs a simulation by the name of its engine: all engines belong to it.
RUNNING = {"teacherstudent.api", "teacherstudent.simulation.runs"}
ENGINE_MODULES = {engine.modules[0] for engine in ENGINES.values()}


def helpers(script: Path) -> list[Path]:
    """List the private modules that a script imports, directly or through one another.

    As when it runs, they are found beside the script, in the folder of scripts and in that of figures.
    """
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        new = {path for name in _names(_text(waiting.pop())) if (path := _path(name, script.parent))}
        waiting += new - found
        found |= new
    return sorted(found)


def library(script: Path) -> set[str]:
    """Return the modules of the library that a script and its helpers import themselves.

    Raises ValueError where the library does not have what they import from it.
    """
    modules = set().union(*(_modules(_text(path)) for path in [script, *helpers(script)]))
    return modules | ENGINE_MODULES if modules & RUNNING else modules


def _path(name: str, beside: Path) -> Path | None:
    """Return the file of a private module, as `_figures` or `figures._figures`."""
    *_, last = parts = name.split(".")
    if not last.startswith("_"):
        return None
    paths = (folder.joinpath(*parts).with_suffix(".py") for folder in (beside, SCRIPTS, SCRIPTS / "figures"))
    return next((path for path in paths if path.is_file()), None)


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def _modules(source: str) -> set[str]:
    return digest.imported(_parsed(source))


@cache
def _names(source: str) -> set[str]:
    """Return all names of modules that code imports, or that may be such names."""
    names = set()
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return names


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
