"""What a script imports from its own folder: Snakemake looks at the script itself only."""

import ast
from collections.abc import Iterator
from pathlib import Path


def helpers(script: Path) -> list[Path]:
    """List the private modules beside a script that it imports, directly or through one another."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        beside = {script.with_name(f"{name}.py") for name in _imported(waiting.pop()) if name.startswith("_")}
        new = {path for path in beside if path.is_file()} - found
        found |= new
        waiting += new
    return sorted(found)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
