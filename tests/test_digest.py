import shutil

import pytest

from teacherstudent.engines.observables import DIMENSIONS
from teacherstudent.store import digest
from teacherstudent.store.digest import code_digest, engine_digest, run_digest, schema_meaning


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that the digests are taken of."""
    folder = tmp_path / "teacherstudent"
    shutil.copytree(digest.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digest, "FOLDER", folder)
    yield folder
    engine_digest.cache_clear()  # it remembers the digests of the copy


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A made-up package, to be filled by `write`."""
    monkeypatch.setattr(digest, "FOLDER", tmp_path)
    return tmp_path


def write(folder, **sources):
    """Write modules: `a` to a.py, `sub_a` to sub/a.py, `sub` to sub/__init__.py."""
    for name, source in sources.items():
        path = folder / ("sub/__init__.py" if name == "sub" else name.replace("_", "/") + ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def engine_digests():
    engine_digest.cache_clear()
    return {name: engine_digest(name) for name in ("network", "ode")}


def test_words_do_not_count(small):
    write(
        small,
        a='"""Old."""\nclass C:\n    """Old."""\n    x = 1\n\ndef f(x):\n    """Old."""\n    return x + 1\n',
    )
    before = code_digest("teacherstudent.a")
    write(small, a="# comment\nclass C: x = 1\ndef f(\n    x,\n): return (x  +  1)  # comment\n")
    assert code_digest("teacherstudent.a") == before


def test_meaning_counts(small):
    write(small, a="def f(x):\n    return x + 1\n")
    before = code_digest("teacherstudent.a")
    for other in (
        "def f(x):\n    return x + 2\n",
        "def g(x):\n    return x + 1\n",
        "def f(x):\n    'x'\n    return x\n",
    ):
        write(small, a=other)
        assert code_digest("teacherstudent.a") != before


def test_a_text_that_is_no_docstring_counts(small):
    write(small, a="def f():\n    x = 1\n    return 'old'\n")
    before = code_digest("teacherstudent.a")
    write(small, a="def f():\n    x = 1\n    return 'new'\n")
    assert code_digest("teacherstudent.a") != before


@pytest.mark.parametrize(
    "statement",
    [
        "import teacherstudent.sub.b",
        "import os, teacherstudent.sub.b as b",
        "from teacherstudent.sub import b",
        "from teacherstudent.sub.b import x",
        "from teacherstudent import sub\nfrom teacherstudent.sub import b as c",
        "from .sub import b",
        "from .sub.b import x",
        "def f():\n    from teacherstudent.sub.b import x",
    ],
)
def test_every_form_of_import_is_followed(small, statement):
    write(small, a=statement, sub="", sub_b="from . import c", sub_c="x = 1")
    before = code_digest("teacherstudent.a")
    write(small, sub_c="x = 2")
    changed = code_digest("teacherstudent.a")
    write(small, sub="y = 1")
    assert len({before, changed, code_digest("teacherstudent.a")}) == 3


def test_modules_that_are_not_imported_do_not_count(small):
    write(small, a="import os\nfrom numpy import b", b="x = 1")
    before = code_digest("teacherstudent.a")
    write(small, b="x = 2")
    assert code_digest("teacherstudent.a") == before
    assert code_digest("teacherstudent.a", "teacherstudent.b") != before


def test_what_only_a_module_left_out_imports_is_left_out(small):
    write(small, a="import teacherstudent.b", b="import teacherstudent.c", c="x = 1")
    before = code_digest("teacherstudent.a", without=["teacherstudent.b"])
    write(small, c="x = 2")
    assert code_digest("teacherstudent.a", without=["teacherstudent.b"]) == before


def test_imports_in_a_circle_end(small):
    write(small, a="import teacherstudent.b", b="import teacherstudent.a")
    assert code_digest("teacherstudent.a") == code_digest("teacherstudent.b")


def test_unknown_modules_are_refused(small):
    write(small, a="from teacherstudent import simulate")
    for name in ("teacherstudent.missing", "numpy.linalg", "teacherstudent.a"):
        with pytest.raises(ValueError, match="is not a module of teacherstudent"):
            code_digest(name)


def test_an_engine_does_not_depend_on_the_others(package):
    before = engine_digests()
    for name in ("network", "ode"):
        for folder in ("engines", "kernels"):
            with (package / folder / name / "__init__.py").open("a") as file:
                file.write("\nx = 1\n")
            after = engine_digests()
            assert {engine for engine in after if after[engine] != before[engine]} == {name}
            before = after


@pytest.mark.parametrize("part", ["weights", "training"])
def test_an_engine_depends_on_its_parts(package, part):
    before = engine_digests()
    with (package / "engines" / "network" / f"{part}.py").open("a") as file:
        file.write("\nx = 1\n")
    after = engine_digests()
    assert {engine for engine in after if after[engine] != before[engine]} == {"network"}


@pytest.mark.parametrize(
    "path",
    ["kernels/maths/integrals.py", "networks/teachers.py", "simulation/runs.py", "engines/__init__.py"],
)
def test_all_engines_depend_on_what_they_share(package, path):
    before = engine_digests()
    with (package / path).open("a") as file:
        file.write("\nx = 1\n")
    after = engine_digests()
    assert all(after[engine] != before[engine] for engine in before)


def test_an_engine_does_not_depend_on_store_and_command(package):
    before = engine_digests()
    for name in ("store/runs", "plotting/__init__", "command/main", "__init__"):
        with (package / f"{name}.py").open("a") as file:
            file.write("\nx = 1\n")
    assert engine_digests() == before


def test_what_reads_a_schema_depends_on_it(package):
    names = ("analysis", "experiments.collect", "measures")
    before = {name: code_digest(f"teacherstudent.{name}") for name in names}
    edit(package / "spec" / "schemas" / "spec.yaml", "default: 300.0", "default: 200.0")
    after = {name: code_digest(f"teacherstudent.{name}") for name in names}
    assert {name for name in names if after[name] != before[name]} == {"analysis", "experiments.collect"}


def test_the_files_of_runs_depend_on_what_is_in_them(monkeypatch):
    before = {name: run_digest(name) for name in ("network", "ode")}
    assert len(set(before.values())) == 2
    monkeypatch.setitem(DIMENSIONS, "run", DIMENSIONS["run"]._replace(description="other words"))
    run_digest.cache_clear()
    after = {name: run_digest(name) for name in before}
    run_digest.cache_clear()
    assert all(after[name] != before[name] for name in before)


def test_descriptions_of_recorded_quantities_are_words_and_their_dimensions_are_not(package):
    before, table = engine_digests(), package / "engines" / "observables.py"
    edit(table, 'description="squared lengths of the anchors, c_k.c_k / N"', 'description="products"')
    edit(package / "engines" / "state_variables.py", 'symbol="Q, R, h"', 'symbol="y"')
    assert engine_digests() == before
    edit(table, '("time", "head", "student_unit")', '("time", "student_unit", "head")')
    after = engine_digests()
    assert all(after[engine] != before[engine] for engine in before)


def test_the_schema_counts_by_its_meaning(package):
    before, schema = engine_digests(), package / "spec" / "schemas" / "spec.yaml"
    edit(schema, "description: Number of inputs N.", "description: The number of inputs.")
    edit(schema, "title: spec", "title: a spec")
    assert engine_digests() == before
    edit(schema, "default: 300.0", "default: 200.0")
    assert engine_digests() != before


def test_a_property_called_description_is_kept(small):
    (small / "spec" / "schemas").mkdir(parents=True)
    (small / "spec" / "schemas" / "x.yaml").write_text(
        "type: object\ndescription: gone\nproperties: {description: {type: string, title: gone}}"
    )
    assert schema_meaning("x") == '{"properties": {"description": {"type": "string"}}, "type": "object"}'


def test_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="engine: chian is not allowed; it must be one of network"):
        engine_digest("chian")


@pytest.fixture
def saved(tmp_path_factory, monkeypatch):
    """A function that forgets the meanings of modules, so that they are read from the cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

    def forget():
        digest._saved_analyses.cache_clear()
        digest._analysed.cache_clear()

    yield forget
    forget()


def test_saved_meanings_give_the_same_digest(small, saved, monkeypatch):
    write(small, a="import teacherstudent.sub.b", sub="", sub_b="x = 1", broken="x = = 1")
    saved()
    before = code_digest("teacherstudent.a")
    assert set(digest._saved_analyses()) == {"teacherstudent.a", "teacherstudent.sub", "teacherstudent.sub.b"}
    saved()
    with monkeypatch.context() as patch:
        patch.setattr(digest, "_analyse", None)  # nothing is analysed again
        assert code_digest("teacherstudent.a") == before
    saved()
    monkeypatch.setattr(digest, "saved_answer", lambda folder, question, compute: "{}")
    assert code_digest("teacherstudent.a") == before
    write(small, sub_b="x = 2")
    assert code_digest("teacherstudent.a") != before


def test_a_file_that_is_no_module_is_an_error_where_it_is_imported(small, saved):
    write(small, a="import teacherstudent.broken", broken="x = = 1")
    saved()
    with pytest.raises(SyntaxError):
        code_digest("teacherstudent.a")
