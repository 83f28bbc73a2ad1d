"""What scripts import, with a second opinion of the module finder of Python, which reads bytecode."""

from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

import depth
from teacherstudent.errors import SpecError
from teacherstudent.experiments.scripts import Scripts, description
from teacherstudent.store import digest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
FIGURES = sorted((SCRIPTS / "figures").glob("[a-z]*.py"))
OTHERS = [*sorted((SCRIPTS / "animations").glob("[a-z]*.py")), *sorted(SCRIPTS.glob("[a-z]*.py"))]
CODE = Scripts(SCRIPTS)
PACKAGE = "teacherstudent"
CURVES = {"store", "store.curves"}
# The package itself only exports names and sets the folder of compiled code; the registry of engines and
# estimates of memory decide only which runs start.
UNCOUNTED = {f"{PACKAGE}.{name}" for name in ("engines.base", "engines.memory", "simulation.memory")}
NOT_FOLLOWED = {PACKAGE, *UNCOUNTED}
LEFT_OUT = {*(f"{PACKAGE}.errors.{name}" for name in ("documents", "messages")), *UNCOUNTED}


class _Finder(ModuleFinder):
    """Finds modules of this repository only: those of others take minutes."""

    def __init__(self):
        super().__init__(path=[str(digest.FOLDER.parent), str(SCRIPTS), str(SCRIPTS / "figures")])

    def import_hook(self, name, caller=None, fromlist=None, level=-1):
        if caller is not None and caller.__name__ in NOT_FOLLOWED:
            return None
        if level > 0 or name.split(".")[0] in ("teacherstudent", "figures") or name.startswith("_"):
            return super().import_hook(name.removeprefix("figures."), caller, fromlist, level)
        return None


@cache
def loaded(script):
    """The modules that a script loads by name, by the module finder."""
    finder = _Finder()
    finder.path.insert(0, str(script.parent))
    finder.run_script(str(script))
    return finder.modules


def reached(script):
    """Those of the library."""
    return {name for name in loaded(script) if name.split(".")[0] == "teacherstudent"} - {PACKAGE}


def module_name(path):
    parts = path.relative_to(digest.FOLDER.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def digests(roots):
    """The digest of the library for each script; those with the same imports have the same one."""
    known = {modules: digest.code_digest(*modules) for modules in set(roots.values())}
    return {script: known[modules] for script, modules in roots.items()}


def test_a_change_in_a_module_changes_the_digests_of_the_scripts_that_reach_it(monkeypatch):
    run = ("simulate", "simulate_several")  # which run all engines
    scripts = [script for script in (*FIGURES, *OTHERS) if script.stem not in run]
    expected = {script.stem: reached(script) for script in scripts}
    roots = {script.stem: frozenset(CODE.library(script)) for script in scripts}
    files = {module_name(path): path for path in digest.FOLDER.rglob("*.py")}
    sources = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    monkeypatch.setattr(digest, "_source", lambda name: changed.get(name, sources[name]))
    changed = {}
    before = digests(roots)
    for name, source in list(sources.items())[:: 1 if depth.everything else 4]:
        changed = {name: f"{source}\nCHANGED = 1\n"}
        after = digests(roots)
        using = {script for script, own in expected.items() if name in own - LEFT_OUT}
        assert {script for script in before if before[script] != after[script]} == using, name


def test_figures_differ_in_what_they_use():
    """Otherwise the test above would not say much."""
    using = [name for name in map(reached, FIGURES) if "teacherstudent.analysis" in name]
    assert 0 < len(using) < len(FIGURES) == 63


def test_the_second_opinion_and_the_helpers_agree():
    for script in (*FIGURES, *OTHERS):
        files = {Path(module.__file__) for module in loaded(script).values() if module.__file__}
        private = {path for path in files if path.name.startswith("_") and SCRIPTS in path.parents}
        assert set(CODE.helpers(script)) == private, script


def test_helpers_are_followed_through_one_another(tmp_path):
    texts = {
        "figure.py": "import csv\nimport _shared\n",
        "_shared.py": "from _deeper import name\nfrom __future__ import annotations\n",
        "_deeper.py": "def f():\n    import _shared\n    import public\n",
        "_other.py": "",
        "public.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [path.name for path in Scripts(tmp_path).helpers(tmp_path / "figure.py")] == [
        "_deeper.py",
        "_shared.py",
    ]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from teacherstudent import measures", {"measures"}),
        ("from teacherstudent import measures as m", {"measures"}),
        ("from teacherstudent.analysis import plateau", {"analysis"}),
        ("from teacherstudent.analysis.plateaus import plateau", {"analysis", "analysis.plateaus"}),
        ("from teacherstudent.analysis import plateaus", {"analysis", "analysis.plateaus"}),
        ("import teacherstudent\nteacherstudent.analysis.plateau(2, 2, 0.1)", {"analysis"}),
        ("import teacherstudent\nteacherstudent.kernels.ode.f.g(x).h", {"kernels", "kernels.ode"}),
        ("import teacherstudent as ts\nx = ts.measures.forgetting", {"measures"}),
        ("import teacherstudent.kernels as k\nk.ode.f()", {"kernels", "kernels.ode"}),
        (
            "import teacherstudent.store.curves\nteacherstudent.measures.f()",
            {"store", "store.curves", "measures"},
        ),
        ("from teacherstudent import kernels\nkernels.ode", {"kernels", "kernels.ode"}),
        ("from teacherstudent import load_spec", {"spec", "spec.parse"}),
        ("import teacherstudent\nteacherstudent.load_spec('x')", {"spec", "spec.parse"}),
        ("from teacherstudent import __version__", set()),
        ("import teacherstudent\nprint(teacherstudent.__version__)", set()),
        ("import numpy\nnumpy.measures.x", set()),
        (
            "if x:\n    def f():\n        from teacherstudent.experiments import claims",
            {"experiments", "experiments.claims"},
        ),
    ],
)
def test_every_way_to_use_the_library_is_found(tmp_path, code, found):
    (tmp_path / "figure.py").write_text(code, encoding="utf-8")
    assert Scripts(tmp_path).library(tmp_path / "figure.py") == {f"teacherstudent.{name}" for name in found}


@pytest.mark.parametrize(
    "code",
    [
        "from teacherstudent import simulate",
        "import teacherstudent\nteacherstudent.run({})",
        "from teacherstudent.simulation.runs import simulate_runs",
    ],
)
def test_a_script_that_runs_simulations_uses_all_engines(tmp_path, code):
    (tmp_path / "figure.py").write_text(code, encoding="utf-8")
    engines = {f"teacherstudent.engines.{name}.engine" for name in ("network", "chain", "ode")}
    assert engines < Scripts(tmp_path).library(tmp_path / "figure.py")


def test_names_that_the_library_does_not_have_are_refused(tmp_path):
    (tmp_path / "figure.py").write_text("from teacherstudent import missing", encoding="utf-8")
    with pytest.raises(ValueError, match="teacherstudent has no missing"):
        Scripts(tmp_path).library(tmp_path / "figure.py")


def test_the_digest_of_a_script_names_it_where_an_import_is_missing(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.py").write_text("from teacherstudent import missing", encoding="utf-8")
    with pytest.raises(SpecError, match="^figures/mine.py: teacherstudent has no missing$"):
        Scripts(tmp_path).digest(tmp_path / "figures" / "mine.py")


def test_a_figure_has_its_script(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.py").write_text('"""Errors.\n\nThey fall.\n"""\n', encoding="utf-8")
    (tmp_path / "figures" / "bare.py").touch()
    scripts = Scripts(tmp_path)
    assert description(scripts.figure("mine")) == "Errors.\n\nThey fall."
    assert description(scripts.figure("bare")) == ""
    with pytest.raises(SpecError, match="figures.other: there is no script .*other.py"):
        scripts.figure("other")
