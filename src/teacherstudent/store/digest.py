"""Digests of the meaning of code: results become stale when the meaning changes, and only then."""

import ast
import hashlib
import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import yaml

import teacherstudent
from teacherstudent.engines.base import ENGINES, engine_named
from teacherstudent.engines.observables import (
    DIMENSIONS,
    OBSERVABLES,
    SCHEMA_VERSION,
    attributes_of,
)
from teacherstudent.engines.state_variables import STATE, STATE_VARIABLES
from teacherstudent.store.meaning import WORDS, dotted, meaning
from teacherstudent.store.saved_answers import saved_answer

PACKAGE = "teacherstudent"
FOLDER = Path(__file__).parents[1]
# Modules that determine the batches of runs, but no result. They are in no digest, so that a new engine does
# not change the digests of the others.
UNCOUNTED = {f"{PACKAGE}.engines.base", f"{PACKAGE}.engines.memory", f"{PACKAGE}.simulation.memory"}


@cache
def engine_digest(engine: str) -> str:
    """Return the digest of all code that a trajectory of an engine depends on, in hex.

    It covers `teacherstudent.simulation.runs`, the engine and all modules that they import, without the other
    engines, so that a change of one engine does not change the digests of the others. Raises SpecError, a
    ValueError, for an unknown engine.
    """
    *own, _ = engine_named(engine).modules
    others = {module for other in ENGINES.values() for module in other.modules} - {*own}
    return saved_answer(
        FOLDER,
        f"{own} {sorted(others)}",
        lambda: code_digest(f"{PACKAGE}.simulation.runs", *own, without=others),
    )


@cache
def run_digest(engine: str) -> str:
    """Return the digest of all code that a file of runs depends on, in hex: `engine_digest` and the layout.

    The layout is given by the names, dimensions and descriptions in `engines.observables`. The code of
    `store` is not part of the digest. Raises SpecError, a ValueError, for an unknown engine.
    """
    tables = OBSERVABLES, DIMENSIONS, STATE_VARIABLES
    words = [(entry.name, attributes_of(entry)) for table in tables for entry in table.values()]
    form = (SCHEMA_VERSION, STATE, words, [entry.dimensions for entry in OBSERVABLES.values()])
    return hashlib.sha256(f"{engine_digest(engine)}\n{json.dumps(form)}".encode()).hexdigest()


def code_digest(*roots: str, without: Collection[str] = ()) -> str:
    """Return the SHA-256, in hex, of the meaning of modules and of all modules of this package they import.

    Comments, docstrings, formatting and messages of errors do not change it (`meaning`). Imports are found by
    parsing, also those inside functions. `roots` and `without` (modules that are left out, with modules that
    only they import) are full names such as "teacherstudent.simulation.runs". The schema of specs is included
    if the module that reads schemas is imported. Raises ValueError for a module that does not exist.
    """
    meanings: dict[str, str] = {}
    waiting = [name for root in roots for name in _with_packages(root)]
    while waiting:
        name = waiting.pop()
        if name not in meanings and name not in {*without, *WORDS, *UNCOUNTED}:
            found, meanings[name] = _analysed(name, _source(name))
            waiting += found
    if f"{PACKAGE}.spec.schema" in meanings:
        meanings["schema"] = schema_meaning("spec")
    digest = hashlib.sha256()
    for name in sorted(meanings):
        digest.update(f"{name} {meanings[name]}\n".encode())
    return digest.hexdigest()


def schema_meaning(name: str) -> str:
    """Return a schema as JSON with sorted keys and without titles and descriptions."""
    return _as_json((FOLDER / "spec" / "schemas" / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def _as_json(text: str) -> str:
    schema = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return json.dumps(_without_words(schema), sort_keys=True)


def _without_words(schema):
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    words = ("title", "description")  # if their values are texts; a property may have such a name
    content = {key: item for key, item in schema.items() if not (key in words and isinstance(item, str))}
    return {key: _without_words(item) for key, item in content.items()}


def _source(name: str) -> str:
    return _file(name).read_text(encoding="utf-8")


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
    """Return the modules that a module imports, and the SHA-256 of its meaning."""
    saved, imports, found = _saved_analyses().get(name, ("", (), ""))
    return (tuple(imports), found) if saved == _sha256(source) else _analyse(name, source)


@cache
def _saved_analyses() -> dict[str, tuple[str, list[str], str]]:
    """Return for each module of this package the SHA-256 of its source, and what `_analyse` finds in it.

    Files that are no valid modules are left out: they are an error only where one is imported.
    """

    def analyse() -> str:
        found = {}
        for path in sorted(FOLDER.rglob("*.py")):
            parts = path.relative_to(FOLDER).with_suffix("").parts
            name = ".".join([PACKAGE, *parts]).removesuffix(".__init__")
            with suppress(SyntaxError, ValueError):
                source = _source(name)
                found[name] = _sha256(source), *_analyse(name, source)
        return json.dumps(found)

    return json.loads(saved_answer(FOLDER, "imports and meanings of all modules", analyse))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _analyse(name: str, source: str) -> tuple[tuple[str, ...], str]:
    tree = ast.parse(source)
    around = name if _file(name).name == "__init__.py" else name.rpartition(".")[0]
    found = tuple(sorted(imported(tree, around)))
    return found, _sha256(meaning(tree))


def imported(tree: ast.Module, around: str = "") -> set[str]:
    """Return the full names of the modules of this package that code imports, with their subpackages.

    `around` is the package that contains the code. Modules are included that are imported themselves, that
    define an imported name, or that are read as an attribute, such as `teacherstudent.analysis.plateau` after
    `import teacherstudent`. A name that the package itself exports is that of the module which defines it.
    Raises ValueError if the package does not export the name.
    """
    found, modules, attributes = set(), {}, []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(_statement(node, around, modules))
        elif isinstance(node, ast.Attribute):
            attributes.append(node)
    for node in attributes if modules else ():
        found.update(_attribute(node, modules))
    return {part for module in found for part in _with_packages(module)}


def _statement(node: ast.Import | ast.ImportFrom, around: str, modules: dict[str, str]) -> Iterator[str]:
    """Yield the modules of an import statement; those with a name in the code are added to `modules`."""
    source = "" if isinstance(node, ast.Import) else _module_of(node, around)
    for alias in node.names:
        name = f"{source}.{alias.name}" if source else alias.name
        if name.split(".")[0] != PACKAGE:
            continue
        module = name if not source or _is_module(name) else _home(name) if source == PACKAGE else source
        if module is None:
            continue
        if not source and not alias.asname:
            modules[PACKAGE] = PACKAGE
        elif module == name:
            modules[alias.asname or alias.name] = module
        yield from (source, module) if source else (module,)


def _module_of(node: ast.ImportFrom, around: str) -> str:
    source = node.module or ""
    return resolve_name("." * node.level + source, around) if node.level else source


def _attribute(node: ast.Attribute, modules: dict[str, str]) -> Iterator[str]:
    """Yield the module that an attribute of a module is, or that defines it."""
    first, *others = dotted(node).split(".")
    if first in modules:
        name = ".".join([modules[first], *others])
        if _is_module(name):
            yield name
        elif name.rpartition(".")[0] == PACKAGE and others[-1] in teacherstudent._HOMES:
            yield _home(name)


def _home(name: str) -> str | None:
    """Return the module that defines a name which the package exports, None if the package defines it."""
    member = name.rpartition(".")[2]
    if member in teacherstudent._HOMES:
        return f"{PACKAGE}.{teacherstudent._HOMES[member]}"
    if member in (*vars(teacherstudent), *teacherstudent.__all__):
        return None
    raise ValueError(f"{PACKAGE} has no {member}")


def _with_packages(name: str) -> list[str]:
    """Return a module and the subpackages that contain it, without the package itself."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(2, len(parts) + 1)]
