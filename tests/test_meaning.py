"""What counts in the source of a module, and that other words for errors do not."""

import ast
import shutil
from copy import deepcopy

import pytest

from teacherstudent import errors
from teacherstudent.engines.base import ENGINES
from teacherstudent.store import digest
from teacherstudent.store.digest import engine_digest
from teacherstudent.store.meaning import RAISING, meaning

# Texts of several words that are values: they are stored in files, or taken apart.
VALUES = {
    "files.hdf5": {"sha256 of all bytes before the last line, which it is in"},
    "spec.weight_files": {"(K, N)", "(H, K)", "(P, M, N)", "(P, M)"},
}


def means(source):
    return meaning(ast.parse(source))


def in_function(body):
    lines = "\n    ".join(body.split("\n"))
    return f"def f(x, y, path, error):\n    {lines}\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("raise SpecError('a')", "raise SpecError('b')"),
        ("raise SpecError(f'a {x:g}')", "raise SpecError(f'{y}: {x:.3f} b')"),
        ("raise SpecError('a' + x)", "raise SpecError('b', y)"),
        ("raise SpecError(words(x, 'a'))", "raise SpecError('b')"),
        ("raise errors.RunError('a') from error", "raise errors.RunError('b') from error"),
        ("raise zipfile.BadZipFile(f'a {x}')", "raise zipfile.BadZipFile('b')"),
        ("refuse('key', x, 'a')", "refuse('other', y, f'b {x}')"),
        ("refuse('key', x, 'a')", "raise SpecError('key: needs b')"),
        ("return refuse('key', x, 'a')", "return refuse('key', y, 'b')"),
        ("from teacherstudent.errors import SpecError", "from teacherstudent.errors.messages import shown"),
        (
            "def refuse(key, value, allowed):\n    raise SpecError('a')",
            "def refuse(key):\n    raise SpecError('b')",
        ),
        ("warnings.warn('a', stacklevel=2)", "warnings.warn(f'b {x}', stacklevel=2)"),
        ("sys.stderr.write('a\\n')", "sys.stderr.write(f'b {x}\\n')"),
        ("why = 'a'\nraise SpecError(why)", "why = f'b {x}'\nraise SpecError(why)"),
        ("why = 'a' if x else y\nrefuse('k', x, why)", "why = 'b' if x else y\nrefuse('k', x, why)"),
        ("why = ', '.join(x)\nraise SpecError(why)", "why = '; '.join(x)\nraise SpecError(why)"),
        (
            "what = 'a'\nwhy = f'{what} of {x}'\nraise SpecError(why)",
            "what = 'b'\nwhy = f'{x}: {what}'\nraise SpecError(why)",
        ),
        (
            "why = 'a'\nwhy = f'{why} of {x}'\nwhy += 'c'\nraise SpecError(why)",
            "why = 'b'\nwhy = f'{why} of {y}'\nwhy += 'd'\nraise SpecError(why)",
        ),
        ("y = Observable(x, description='a', symbol='b')", "y = Observable(x, description='c d')"),
        ("y = Observable(x, units='1')", "y = Observable(x, units='2')"),
        ("if x:\n    raise SpecError('a')\nreturn 'c'", "if x:\n    raise SpecError('b')\nreturn 'c'"),
        ("'''A docstring.'''\nreturn x", "return x"),
    ],
)
def test_words_do_not_count(one, other):
    assert means(in_function(one)) == means(in_function(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("if x > 1:\n    raise SpecError('a')", "if x > 2:\n    raise SpecError('a')"),
        ("if x == 'a':\n    raise SpecError('a')", "if x == 'b':\n    raise SpecError('a')"),
        ("raise SpecError('a')", "raise RunError('a')"),
        ("raise SpecError('a')", "pass"),
        ("refuse('key', x, 'a')", "pass"),
        ("refuse('key', x, 'a')", "raise RunError('a')"),
        ("refuse('key', x, 'a')", "accept('key', x, 'a')"),
        ("raise SystemExit(1)", "raise SystemExit(2)"),
        ("return 'a'", "return 'b'"),
        ("why = 'a'\nif x:\n    raise SpecError(why)\nreturn why",
         "why = 'b'\nif x:\n    raise SpecError(why)\nreturn why"),
        ("why = 'a'\nwhy += x\nreturn why", "why = 'b'\nwhy += x\nreturn why"),
        ("why: str = 'a'\nreturn why", "why: str = 'b'\nreturn why"),
        ("why = x['a']\nraise SpecError(why)", "why = x['b']\nraise SpecError(why)"),
        ("why = x('a')\nraise SpecError(why)", "why = x('b')\nraise SpecError(why)"),
        ("global why\nwhy = 'a'\nraise SpecError(why)", "global why\nwhy = 'b'\nraise SpecError(why)"),
        ("class C:\n    kind = 'a'\nreturn C", "class C:\n    kind = 'b'\nreturn C"),
        ("why = 'a'\ndef g():\n    return why\nreturn g", "why = 'b'\ndef g():\n    return why\nreturn g"),
        ("from teacherstudent.spec.parse import Spec", "from teacherstudent.engines.start import Spec"),
        ("sys.stdout.write('a')", "sys.stdout.write('b')"),
        ("x.append('a')", "x.append('b')"),
        ("y = Observable(x, dtype='a')", "y = Observable(x, dtype='b')"),
        ("y = g(x, description='a')", "y = g(x, description='b')"),
    ],
)  # fmt: skip
def test_all_else_counts(one, other):
    assert means(in_function(one)) != means(in_function(other))


def test_functions_that_never_return_are_found_in_their_module():
    form = (
        "def broken(path, what) -> NoReturn:\n    raise SpecError(path, what)\n\ndef f(x):\n    {}(x, '{}')\n"
    )
    assert means(form.format("broken", "a")) == means(form.format("broken", "b"))
    assert means(form.format("fixed", "a")) != means(form.format("fixed", "b"))


def test_constants_of_a_module_count():
    assert means("WHY = 'a'\ndef f():\n    raise E(WHY)") != means("WHY = 'b'\ndef f():\n    raise E(WHY)")


def test_all_functions_that_raise_for_other_modules_are_known():
    tree = ast.parse((digest.FOLDER / "errors" / "__init__.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions == set(RAISING)
    for name, kind in RAISING.items():
        with pytest.raises(getattr(errors, kind)) as error:
            getattr(errors, name)("key", 1, "it must be 2")
        assert type(error.value).__name__ == kind


# The modules that engines import


def modules_of_engines():
    """The files of the modules behind the digests of all engines, by name."""
    waiting = {
        "teacherstudent.simulation.runs",
        *(module for engine in ENGINES.values() for module in engine.modules[:2]),
    }
    found = {}
    while waiting:
        name = waiting.pop()
        if name not in found and name not in {*digest.WORDS, *digest.UNCOUNTED}:
            found[name] = digest._file(name)
            around = name if found[name].name == "__init__.py" else name.rpartition(".")[0]
            waiting |= digest.imported(ast.parse(found[name].read_text(encoding="utf-8")), around)
    return found


MODULES = modules_of_engines()


class Reworded(ast.NodeTransformer):
    """Changes every text in raised exceptions and in calls of functions that raise."""

    def __init__(self, tree):
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        self.raising = {f.name for f in functions if f.returns and ast.unparse(f.returns) == "NoReturn"}
        self.raising.add("refuse")
        self.inside, self.count = False, 0

    def visit(self, node):
        outside, called = self.inside, isinstance(node, ast.Call) and ast.unparse(node.func) in self.raising
        self.inside = outside or isinstance(node, ast.Raise) or called
        if self.inside and isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.count += 1
            node = ast.Constant(f"in other words, {node.value}")
        node = self.generic_visit(node)
        self.inside = outside
        return node

    def visit_FormattedValue(self, node):
        """Of a piece of an f-string with a value the format is no sentence."""
        return node


def test_other_words_for_every_error_leave_all_digests_of_engines_as_they_are(tmp_path, monkeypatch):
    before = {engine: engine_digest(engine) for engine in ENGINES}
    folder, count = tmp_path / "teacherstudent", 0
    shutil.copytree(digest.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in MODULES.values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        rewording = Reworded(tree)
        text = ast.unparse(ast.fix_missing_locations(rewording.visit(tree)))
        (folder / path.relative_to(digest.FOLDER)).write_text(text, encoding="utf-8")
        count += rewording.count
    assert count > 150
    messages = folder / "errors" / "messages.py"
    words = messages.read_text(encoding="utf-8").replace("is not allowed", "cannot be")
    messages.write_text(words, encoding="utf-8")
    monkeypatch.setattr(digest, "FOLDER", folder)
    engine_digest.cache_clear()
    try:
        assert {engine: engine_digest(engine) for engine in ENGINES} == before
    finally:
        engine_digest.cache_clear()


def test_every_condition_for_an_error_counts():
    count = 0
    for path in MODULES.values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        before = meaning(deepcopy(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
                test, node.test = node.test, ast.UnaryOp(ast.Not(), node.test)
                assert meaning(deepcopy(tree)) != before
                node.test, count = test, count + 1
    assert count > 40


@pytest.mark.parametrize("name", sorted(MODULES))
def test_no_sentence_is_left_in_what_engines_import(name):
    """Texts of several words are messages; those that only messages have belong into `messages`."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    meaning(tree)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    sentences = {text for text in texts if isinstance(text, str) and len(text.split()) > 1}
    assert sentences <= VALUES.get(name.split(".", 1)[1], set())


def test_the_module_of_messages_stands_alone():
    tree = ast.parse((digest.FOLDER / "errors" / "messages.py").read_text(encoding="utf-8"))
    assert digest.imported(tree, "teacherstudent") == set()
