"""Reference pages of the files that users write, made from their schemas."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from markup import plain

from teacherstudent.errors.documents import allowed
from teacherstudent.experiments.schema import experiment_schema

# Page: title, schema, introduction.
PAGES = {
    "reference/spec.md": (
        "A spec",
        "src/teacherstudent/spec/schemas/spec.yaml",
        "One run, for `teacherstudent run` and `teacherstudent.run`, and the base of an experiment.",
    ),
    "reference/experiment.md": (
        "An experiment",
        "src/teacherstudent/spec/schemas/experiment.yaml",
        "The entries below `experiments:` in `config/experiments/*.yaml`. "
        "[Configuration](../configuration.md) explains how to write axes.",
    ),
    "reference/configuration.md": (
        "The configuration",
        "src/teacherstudent/spec/schemas/configuration.yaml",
        "All files in `config/` together.",
    ),
}


def files(root: Path) -> dict[str, str]:
    """Return the pages by path."""
    return {path: _page(root, *entry) for path, entry in PAGES.items()}


def _page(root: Path, title: str, path: str, text: str) -> str:
    schema = yaml.safe_load((root / path).read_text(encoding="utf-8"))
    if schema["title"] == "experiment":  # with the choices of `collect`
        schema = experiment_schema()
    made = f"Made from `{path}`. Keys in bold are required; keys that are not listed are errors."
    return "\n".join([f"# {title}", "", text, "", made, "", *_block(schema, (), 2)])


def _block(schema: Mapping, path: tuple[str, ...], level: int) -> Iterator[str]:
    """Yield a table of the keys of a block, and then the blocks inside."""
    entries = _entries(schema)
    yield from ("| key | allowed | default | meaning |", "|---|---|---|---|")
    for key, sub in entries.items():
        name = f"**`{key}`**" if key in _block_of(schema).get("required", ()) else f"`{key}`"
        yield f"| {name} | {_allowed(sub)} | {_default(sub)} | {_text(sub)} |"
    for key, sub in entries.items():
        if _entries(sub):
            inner = (*path, key)
            yield from ("", f"{'#' * min(level, 4)} `{'.'.join(inner)}`", "", _text(sub), "")
            if _block_of(sub) is not sub:
                yield from ("Keys of each block in the list:", "")
            yield from _block(sub, inner, level + 1)


def _entries(schema: Mapping) -> dict[str, Mapping]:
    """Return the keys of a block, or of the blocks in a list; <name> stands for keys of any name."""
    schema = _block_of(schema)
    others = schema.get("additionalProperties")
    return schema.get("properties") or ({"<name>": others} if isinstance(others, Mapping) else {})


def _block_of(schema: Mapping) -> Mapping:
    """Return the schema of the blocks in a list; other schemas as they are."""
    items = schema.get("items", {})
    return items if "properties" in items else schema


def _allowed(schema: Mapping) -> str:
    if "$ref" in schema or not {"type", "enum"} & set(schema):
        return ""
    return _cell(allowed(schema))


def _default(schema: Mapping) -> str:
    if "default" not in schema or schema["default"] == {}:
        return ""
    return f"`{json.dumps(schema['default']).replace(chr(34), '')}`"


def _text(schema: Mapping) -> str:
    return _cell(schema.get("description", ""))


def _cell(text: str) -> str:
    return plain(" ".join(text.split()))
