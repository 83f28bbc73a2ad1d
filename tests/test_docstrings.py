"""Docstrings describe every parameter of what users call, and their examples are true."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap
from pathlib import Path

import pytest

import teacherstudent

SOURCE = Path(__file__).parents[1] / "src"
WITH_EXAMPLES = sorted(path for path in SOURCE.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
FROM = 3  # parameters of a public function that need a description


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_true(path):
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0


def test_what_users_call_first_has_examples():
    assert {"api", "parse", "learning_curves", "units", "plateaus", "learning_rates"} <= {
        path.stem for path in WITH_EXAMPLES
    }


# Which docstrings need sections


def modules():
    """All modules of the library; __main__ would run the command."""
    names = [module.name for module in pkgutil.walk_packages(teacherstudent.__path__, "teacherstudent.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def plain(value):
    """A function of Python in place of one that is compiled, cached or a static method."""
    value = getattr(value, "__func__", value)
    return inspect.unwrap(getattr(value, "py_func", value))


def members(owner, module):
    """Public functions and methods that are written in a module, by name, with those inside classes."""
    for name, value in vars(owner).items():
        value = plain(value)
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            yield from members(value, module)
        elif inspect.isfunction(value):
            yield value


def parameters(value):
    """Names of parameters; of a class those that make it, or nothing of an error."""
    if inspect.isclass(value) and issubclass(value, BaseException):
        return []
    names = inspect.signature(value).parameters
    return [name for name in names if name not in ("self", "cls")]


def is_entry(value, module):
    """Whether a function of kernels is called from Python: it has the decorator `entry`."""
    return "entry" in re.findall(r"^@(\w+)", inspect.getsource(value), re.MULTILINE)


def exported():
    """What `teacherstudent`, `measures`, `analysis` and `plotting` export."""
    for owner in (teacherstudent, teacherstudent.measures, teacherstudent.analysis, teacherstudent.plotting):
        names = getattr(owner, "__all__", [name for name in vars(owner) if not name.startswith("_")])
        for value in (plain(getattr(owner, name)) for name in names):
            if callable(value) and value.__module__.startswith("teacherstudent."):
                yield value


def refers(value, module):
    """Whether a method overrides that of a base class, which its docstring names, as in `Source.train`."""
    owner, _, name = value.__qualname__.rpartition(".")
    bases = getattr(vars(module).get(owner), "__mro__", ())[1:]
    return any(name in vars(base) and f"`{base.__name__}.{name}`" in value.__doc__ for base in bases)


def described():
    """Everything whose docstring needs its sections, by the name of its module and its own."""
    found = list(exported())
    for module in modules():
        written = [value for value in members(module, module) if not refers(value, module)]
        found += [value for value in written if len(parameters(value)) >= FROM or is_entry(value, module)]
    return {f"{value.__module__}.{value.__qualname__}": value for value in found}


DESCRIBED = described()


# What a docstring has


def sections(docstring):
    """The lines of each section of a numpydoc docstring, by its title."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(section):
    """The names that a section describes: `a, b : float` in lines without indentation."""
    heads = re.findall(r"^(\*{0,2}\w[^:\n]*?)(?: *:.*)?$", section, re.MULTILINE)
    return [name.strip("* ") for head in heads for name in head.split(",")]


def returns(value):
    """Whether a function returns or yields something."""
    if inspect.isclass(value):
        return False
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.Lambda)][1:]
    skipped = {id(part) for node in inner for part in ast.walk(node)}
    own = [node for node in ast.walk(function) if id(node) not in skipped]
    return any(isinstance(node, ast.Yield | ast.YieldFrom | ast.Return) and node.value for node in own)


def problems(value):
    """What the docstring of a function or class lacks, in words."""
    found = sections(inspect.getdoc(value) or "")
    listed = named(found.get("Parameters", found.get("Attributes", "")))
    if listed != parameters(value):
        yield f"describes the parameters {listed} and has {parameters(value)}"
    if returns(value) and not {"Returns", "Yields"} & set(found):
        yield "has no section Returns"


@pytest.mark.parametrize("name", sorted(DESCRIBED))
def test_every_parameter_and_result_is_described(name):
    assert list(problems(DESCRIBED[name])) == []


def test_what_is_missing_is_found():
    def complete(one, two, *three):
        """Add.

        Parameters
        ----------
        one, two : float
            Numbers: small ones.
        *three : float
            More.

        Returns
        -------
        float
            The sum.
        """
        return one + two + sum(three)

    def without(one, two, three):
        """Add.

        Parameters
        ----------
        one
            A number.
        """
        return one + two + three

    assert list(problems(complete)) == []
    assert len(list(problems(without))) == 2


def test_methods_that_override_described_ones_refer_to_them():
    assert "teacherstudent.inputs.source.Source.train" in DESCRIBED
    assert "teacherstudent.inputs.fresh.FreshInputs.train" not in DESCRIBED


def test_kernels_and_exports_are_among_what_is_checked():
    assert {"teacherstudent.api.run", "teacherstudent.kernels.network.sgd.train"} <= set(DESCRIBED)
    assert len(DESCRIBED) > 100
