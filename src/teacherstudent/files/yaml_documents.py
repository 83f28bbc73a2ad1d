"""Safe reading of YAML and JSON, with errors of one line."""

import itertools
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from teacherstudent.errors import SpecError
from teacherstudent.errors.documents import contains_itself, given_twice, invalid_yaml, without_line
from teacherstudent.errors.messages import nested_too_deeply, on_one_line
from teacherstudent.files.number_forms import TAG, with_number_forms
from teacherstudent.files.plain_values import MAX_DEPTH

MAX_LOADED_DEPTH = 200
# Maximum number of values that anchors may add: a few nested anchors can stand for billions.
MAX_REPEATED = 1_000_000
OPEN = 0  # the count of a node whose parts are being counted
TEXT, MERGE = f"{TAG}str", f"{TAG}merge"


@with_number_forms
class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Safe YAML without duplicate keys, read in bounded time and memory."""

    depth = 0

    def __init__(self, text):
        super().__init__(text)
        self.has_aliases = "*" in text  # without this character, no value is repeated

    def descend_resolver(self, node, index):
        """Count the blocks around a node while it is composed, before the stack overflows."""
        self.depth += 1
        if self.depth > MAX_LOADED_DEPTH:
            raise SpecError(nested_too_deeply(MAX_DEPTH))
        super().descend_resolver(node, index)

    def ascend_resolver(self):
        """Leave a node."""
        self.depth -= 1
        super().ascend_resolver()

    def get_single_node(self):
        """Compose the document, and count its values before they are processed."""
        node, written = super().get_single_node(), {}
        if node is not None and self.has_aliases and _count(node, written) - len(written) > MAX_REPEATED:
            raise SpecError(f"its anchors stand for more than {MAX_REPEATED} values; write the values out")
        return node

    def construct_mapping(self, node, deep=False):
        """Build one mapping; YAML itself would silently use the last of equal keys."""
        keys = [
            key.value if key.tag == TEXT else self.construct_object(key, deep=True)
            for key, _ in node.value
            if key.tag != MERGE
        ]
        for key in keys:
            if keys.count(key) > 1:
                raise SpecError(given_twice(key, _lines(node, keys, key)))
        return super().construct_mapping(node, deep)


def _lines(node: yaml.MappingNode, keys: list, key: Any) -> tuple[int, int]:
    """Return the lines, from 1 on, in which a key is given for the first and the second time."""
    lines = [pair[0].start_mark.line + 1 for pair in node.value if pair[0].tag != MERGE]
    first, second, *_ = (line for line, other in zip(lines, keys, strict=True) if other == key)
    return first, second


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values of a node with all anchors written out; `known` gets the counts of its parts."""
    if known.get(id(node)) == OPEN:
        raise SpecError(contains_itself(node.start_mark.line + 1))
    if id(node) not in known:
        known[id(node)], count = OPEN, 1
        if not isinstance(node, yaml.ScalarNode):
            pairs = isinstance(node, yaml.MappingNode)
            parts = itertools.chain.from_iterable(node.value) if pairs else node.value
            for part in parts:
                count += _count(part, known)
        known[id(node)] = count
    return known[id(node)]


def read_yaml(path: str | Path) -> Any:
    """Read one YAML document; SpecError names the file if it cannot be read."""
    try:
        return parse_yaml(Path(path).read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not valid YAML: {on_one_line(error)}") from error


def parse_yaml(text: str, place: str) -> Any:
    """Parse one document in YAML or JSON; SpecError names its source, `place`, if it is not valid.

    Numbers are decimal (1e-3 is one), as in YAML 1.2 and JSON (`number_forms`).
    """
    try:
        return _parse_json(text) if text.lstrip().startswith("{") else yaml.load(text, _StrictLoader)
    except SpecError as error:
        raise SpecError(f"{place}: {without_line(str(error), text)}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise SpecError(f"{place}: {invalid_yaml(error)}") from error


def _parse_json(text: str) -> Any:
    """Parse JSON, or YAML that begins like JSON; readers of YAML do not support all escapes of JSON."""
    try:
        return json.loads(text, object_pairs_hook=_block)
    except (json.JSONDecodeError, RecursionError):
        return yaml.load(text, _StrictLoader)
    except SpecError:  # a key that is given twice; the other reader has its lines
        with suppress(yaml.YAMLError):
            yaml.load(text, _StrictLoader)
        raise


def _block(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for key, value in pairs:
        if key in block:
            raise SpecError(given_twice(key))
        block[key] = value
    return block
