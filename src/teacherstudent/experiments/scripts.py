"""Scripts of the workflow: their docstrings, and the code that they import.

A script runs again if its private modules or the imported modules of the library change. Snakemake checks
neither by itself: the former are inputs of its rule, a digest of the latter is a parameter.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import SpecError
from teacherstudent.store import digest

# Modules that run a simulation by the name of its engine; their results depend on the code of all engines.
RUNNING = {"teacherstudent.api", "teacherstudent.simulation.runs", "teacherstudent.experiments.simulate"}
ENGINE_MODULES = {module for engine in ENGINES.values() for module in engine.modules[:2]}


@dataclass(frozen=True)
class Scripts:
    """The scripts in a folder; they share the private modules of the folder and of its folder `figures`."""

    folder: Path

    def figure(self, name: str) -> Path:
        """Return the script of a figure. Raises SpecError if there is none."""
        script = self.folder / "figures" / f"{name}.py"
        if not script.exists():
            raise SpecError(f"figures.{name}: there is no script {script}")
        return script

    def helpers(self, script: Path) -> list[Path]:
        """List the private modules that a script imports, directly or indirectly.

        The search path is that of the running script: its folder, the folder of scripts and that of figures.
        """
        found: set[Path] = set()
        waiting = [script]
        while waiting:
            names = _names(_text(waiting.pop()))
            new = {path for name in names if (path := self._path(name, script.parent))}
            waiting += new - found
            found |= new
        return sorted(found)

    def library(self, script: Path) -> set[str]:
        """Return the modules of the library that a script and its private modules import directly.

        Raises ValueError if the library does not define an imported name.
        """
        modules = set().union(*(_modules(_text(path)) for path in [script, *self.helpers(script)]))
        return modules | ENGINE_MODULES if modules & RUNNING else modules

    def digest(self, script: Path) -> str:
        """Return the digest of all code of the library that a script uses.

        Raises SpecError if the library does not define an imported name.
        """
        try:
            return digest.code_digest(*self.library(script))
        except ValueError as error:
            raise SpecError(f"{script.relative_to(self.folder)}: {error}") from error

    def _path(self, name: str, beside: Path) -> Path | None:
        """Return the file of a private module, such as `_figures` or `figures._figures`."""
        *_, last = parts = name.split(".")
        if not last.startswith("_"):
            return None
        folders = (beside, self.folder, self.folder / "figures")
        paths = (folder.joinpath(*parts).with_suffix(".py") for folder in folders)
        return next((path for path in paths if path.is_file()), None)


def description(script: Path) -> str:
    """Return the docstring of a script; an empty text if it has none."""
    return ast.get_docstring(_parsed(_text(script))) or ""


@cache
def _parsed(source: str) -> ast.Module:
    """Parse code, once for each text."""
    return ast.parse(source)


@cache
def _modules(source: str) -> set[str]:
    """Return the modules of the library that code imports."""
    return digest.imported(_parsed(source))


@cache
def _names(source: str) -> set[str]:
    """Return all names in the imports of code that may be names of modules."""
    names = set()
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return names


def _text(path: Path) -> str:
    """Read a script."""
    return path.read_text(encoding="utf-8")
