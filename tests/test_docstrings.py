"""The examples in docstrings say what happens."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
WITH_EXAMPLES = sorted(path for path in SOURCE.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_true(path):
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0


def test_what_users_call_first_has_examples():
    assert {"api", "parse", "measures", "plateaus", "learning_rates"} <= {path.stem for path in WITH_EXAMPLES}
