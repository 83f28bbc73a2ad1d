"""The Python reference lists every public name once, from the module that defines it."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import teacherstudent

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "python"
ENTRY = re.compile(r"^::: (teacherstudent[.\w]*)\.(\w+)$", re.MULTILINE)


def entries(page):
    """Objects that a page lists."""
    found = ENTRY.findall((PAGES / page).read_text(encoding="utf-8"))
    assert len(found) == len(set(found))
    return [getattr(importlib.import_module(module), name) for module, name in found]


def public(module):
    """Public functions and classes of a module of the package."""
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    values = [getattr(module, name) for name in names]
    own = [value for value in values if getattr(value, "__module__", "").startswith("teacherstudent")]
    return [value for value in own if inspect.isfunction(value) or inspect.isclass(value)]


@pytest.mark.parametrize(
    ("page", "module"),
    [
        ("index.md", teacherstudent),
        ("measures.md", teacherstudent.measures),
        ("analysis.md", teacherstudent.analysis),
        ("plotting.md", teacherstudent.plotting),
    ],
)
def test_a_page_lists_the_public_names_of_its_module(page, module):
    assert len(public(module)) > 1
    assert set(map(id, entries(page))) == set(map(id, public(module)))
