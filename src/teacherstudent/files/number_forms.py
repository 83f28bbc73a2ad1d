"""Types of unquoted words in YAML: decimal numbers, true and false, null; all others are texts.

These are the rules of YAML 1.2 and JSON. Forms of numbers whose value differs between readers of YAML (octal,
hexadecimal, base 60, underscores) are errors.
"""

import re

import yaml

from teacherstudent.errors import SpecError

WHOLE = r"[-+]?(?:0|[1-9][0-9]*)"
REAL = r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
AMBIGUOUS = (
    r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"  # leading zeros: octal for some
    r"|[-+]?0[xXoObB][0-9a-fA-F_]+"
    r"|[-+]?[0-9][0-9_]*(?::[0-9_]+)+(?:\.[0-9_]*)?"  # base 60
    r"|(?=.*_)[-+]?\.?[0-9][0-9_.]*(?:[eE][-+]?[0-9_]+)?"
)
TAG = "tag:yaml.org,2002:"
AMBIGUOUS_TAG = "!ambiguous-number"
# Tag, words, and the characters that these begin with; the first that matches counts.
RESOLVED = (
    (f"{TAG}int", WHOLE, "-+0123456789"),
    (f"{TAG}float", f"{REAL}|{NOT_FINITE}", "-+.0123456789"),
    (AMBIGUOUS_TAG, AMBIGUOUS, "-+.0123456789"),
    (f"{TAG}bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    (f"{TAG}null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    (f"{TAG}merge", "<<", "<"),
)


def _number(loader, node: yaml.ScalarNode) -> int | float:
    """Read a number; a tag such as !!int does not permit other forms."""
    for kind, words in ((int, WHOLE), (float, REAL)):
        if re.fullmatch(words, node.value):
            return float(node.value) if node.tag == f"{TAG}float" else kind(node.value)
    if re.fullmatch(NOT_FINITE, node.value):
        return float(node.value.replace(".", ""))
    line, text = node.start_mark.line + 1, " ".join(node.value.split())[:60]
    remedy = "write numbers in decimal digits such as 100, 0.5 or 1e-3, and texts in quotes"
    raise SpecError(f"line {line}: {text} is not a number that all programs read alike; {remedy}")


def with_number_forms(loader: type) -> type:
    """Replace the rules of a loader class of PyYAML by these; return the class."""
    loader.yaml_implicit_resolvers = {}
    for tag, words, first in RESOLVED:
        loader.add_implicit_resolver(tag, re.compile(rf"(?:{words})\Z"), list(first))
    for tag in (f"{TAG}int", f"{TAG}float", AMBIGUOUS_TAG):
        loader.add_constructor(tag, _number)
    return loader
