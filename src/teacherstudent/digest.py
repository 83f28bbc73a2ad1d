"""Digests of what code means, so that a change of meaning and nothing else makes results stale."""

import ast
import hashlib
import json
from collections.abc import Collection, Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import yaml

from teacherstudent.simulation import ENGINES

PACKAGE = "teacherstudent"
FOLDER = Path(__file__).parent


@cache
def engine_digest(engine: str) -> str:
    """Digest of all that a trajectory of an engine depends on, in hex.

    It covers `teacherstudent.simulation`, the engine, every module that they import and the schema of a spec;
    the other engines stay out, so that a change of one leaves the digests of the others as they are. Raises
    ValueError for an unknown engine.
    """
    root = f"{PACKAGE}.engines.{engine}"
    others = {f"{PACKAGE}.engines.{other}" for other in ENGINES if other != engine}
    others.add(f"{PACKAGE}.memory")  # says whether runs begin, not what they give
    code = code_digest(f"{PACKAGE}.simulation", root, without=others)
    return hashlib.sha256(f"{code}\n{schema_meaning('spec')}".encode()).hexdigest()


def code_digest(*roots: str, without: Collection[str] = ()) -> str:
    """SHA-256, in hex, of the syntax trees of modules and of everything of this package that they import.

    Comments, docstrings and formatting do not change it. Imports are found by parsing, those inside functions
    too; `roots` and `without` (modules left out, with what only they import) are full names such as
    "teacherstudent.simulation". Raises ValueError for a module that does not exist.
    """
    meanings: dict[str, str] = {}
    waiting = [name for root in roots for name in _with_packages(root)]
    while waiting:
        name = waiting.pop()
        if name not in meanings and name not in without:
            imported, meanings[name] = _analysed(name, _file(name).read_text(encoding="utf-8"))
            waiting += imported
    digest = hashlib.sha256()
    for name in sorted(meanings):
        digest.update(f"{name} {meanings[name]}\n".encode())
    return digest.hexdigest()


def schema_meaning(name: str) -> str:
    """Return a schema as JSON with sorted keys and without titles and descriptions."""
    text = (FOLDER / "schemas" / f"{name}.yaml").read_text(encoding="utf-8")
    schema = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return json.dumps(_without_words(schema), sort_keys=True)


def _without_words(schema):
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    words = ("title", "description")  # where they are texts; a property may have one of these names
    kept = {key: item for key, item in schema.items() if not (key in words and isinstance(item, str))}
    return {key: _without_words(item) for key, item in kept.items()}


def _file(name: str) -> Path:
    package, *parts = name.split(".")
    path = FOLDER.joinpath(*parts)
    for candidate in (path / "__init__.py", path.parent / f"{path.name}.py"):
        if package == PACKAGE and candidate.is_file():
            return candidate
    raise ValueError(f"{name} is not a module of {PACKAGE}")


def _is_module(name: str) -> bool:
    try:
        return _file(name).is_file()
    except ValueError:
        return False


@cache
def _analysed(name: str, source: str) -> tuple[tuple[str, ...], str]:
    """Return the modules that a module imports, and its syntax tree as text."""
    tree = ast.parse(source)
    imported = tuple(_imported(name, tree))
    return imported, ast.dump(_without_docstrings(tree))


def _imported(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield the modules of this package that a module imports."""
    for node in ast.walk(tree):
        for module in _targets(name, node):
            if module.split(".")[0] == PACKAGE:
                yield from _with_packages(module)


def _with_packages(name: str) -> list[str]:
    """Return a module and the subpackages around it.

    The package itself only hands on names, and imports what is behind them later; hence it is never followed.
    """
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(2, len(parts) + 1)]


def _targets(name: str, node: ast.AST) -> list[str]:
    """Return the modules behind an import statement: the source, and each name that is a module itself."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    source = node.module or ""
    if node.level:
        around = name if _file(name).name == "__init__.py" else name.rpartition(".")[0]
        source = resolve_name("." * node.level + source, around)
    members = [f"{source}.{alias.name}" for alias in node.names]
    return [source] + [member for member in members if source == PACKAGE or _is_module(member)]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
    return tree
