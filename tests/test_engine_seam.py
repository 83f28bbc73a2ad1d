"""An engine is one module and one line of the registry: everything else follows from them."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samples import document
from teacherstudent.command.main import main
from teacherstudent.engines.base import ENGINES, Engine, engine_named
from teacherstudent.engines.start import BEGINNING
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store import digest
from teacherstudent.store.digest import engine_digest
from teacherstudent.store.runs import read_run

# Every run has the error seed + run / 10 at all times.
TOY = '''
"""Engine `toy`."""

import numpy as np

from teacherstudent.engines.start import times_from
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import SpecError

BATCHES = []


def check(spec):
    if spec.student.hidden > 3:
        raise SpecError("student.hidden: at most 3")


def can_resume(spec, state):
    return True


def batch_key(spec, run):
    return spec.student.hidden


def simulate(specs, seed, runs, progress, starts):
    BATCHES.append(len(specs))
    progress(1.0)
    return [one(spec, seed + run / 10, start) for spec, run, start in zip(specs, runs, starts, strict=True)]


def one(spec, error, start):
    time, K = times_from(spec, start.time), spec.student.hidden
    P, M = spec.teachers.count, spec.teachers.hidden
    return Trajectory(
        time=time,
        generalisation_error=np.full((len(time), P), error),
        student_overlaps=np.ones((len(time), K, K)),
        student_teacher_overlaps=np.ones((len(time), P, K, M)),
        student_readouts=np.ones((len(time), spec.heads, K)),
        teacher_overlaps=np.ones((P, P, M, M)),
        teacher_readouts=np.ones((P, M)),
        active_teacher=np.zeros(len(time), dtype=np.int64),
        switch_times=np.zeros(0),
    )


def cost(spec, runs):
    return (1000.0 * runs,)


def memory(specs):
    return {"student.hidden": 1e15 if specs[0].student.hidden == 3 else 1e3}
'''
NAME = "teacherstudent.engines.toy"
PARTS = f'dynamics="{NAME}", support="{NAME}", estimates="{NAME}"'
LINE = f'    Engine("toy", "a constant", batch_limit=2, {PARTS}),\n'
USE = """
import json, sys
from teacherstudent import SpecError, parse_spec, simulate
from teacherstudent.command.arguments import parser
from teacherstudent.engines.base import ENGINES
from teacherstudent.experiments.jobs import expand
from teacherstudent.simulation import memory
from teacherstudent.simulation.runs import simulate_points
from teacherstudent.store.digest import engine_digest

def refused(call, *arguments, **others):
    try:
        return call(*arguments, **others)
    except SpecError as error:
        return str(error)

document = json.loads(sys.argv[1])
spec = parse_spec(document)
found = {"memory": refused(simulate, spec, "toy")}
memory.SMALL = float("inf")
found["one"] = simulate(spec, "toy", 5, 3).generalisation_error[:, 0].tolist()
runs = simulate_points([spec, parse_spec(document | {"student": {"hidden": 1}})], "toy", 5, runs=3)
found["points"] = [run.generalisation_error[0, 0] for run in runs]
found["batches"] = sys.modules["teacherstudent.engines.toy"].BATCHES
found["check"] = refused(simulate, parse_spec(document | {"student": {"hidden": 4}}), "toy")
for key in ("state", "weights"):
    found[key] = refused(simulate, parse_spec(document | {"record": {"count": 6, key: True}}), "toy")
options = parser().parse_args("run spec.yaml --engine toy --output out.h5".split())
found["option"] = options.engine
(job,) = expand("x", {"spec": document, "engines": {"toy": {"runs": 3}}}, 1e9)
found["job"] = job.engine, job.seconds
found["digests"] = {name: engine_digest(name) for name in ENGINES}
found["numba"] = "numba" in sys.modules
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A copy of the library with one more engine: one new file and one new line."""
    root = tmp_path_factory.mktemp("library")
    shutil.copytree(digest.FOLDER, root / "teacherstudent", ignore=shutil.ignore_patterns("__pycache__"))
    engines = root / "teacherstudent" / "engines"
    (engines / "toy.py").write_text(TOY, encoding="utf-8")
    registry = (engines / "base.py").read_text(encoding="utf-8")
    before, after = registry.split(")\nENGINES = ")
    (engines / "base.py").write_text(f"{before}{LINE})\nENGINES = {after}", encoding="utf-8")
    return root


def call(library, *arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(library)}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found(library):
    return json.loads(call(library, "-c", USE, json.dumps(document())))


def test_it_is_simulated_in_batches(found):
    assert found["one"] == [5.3] * 6
    assert found["points"] == [5.0, 5.1, 5.2] * 2
    assert found["batches"] == [1, 1, 2, 1, 2]


def test_its_own_check_and_memory_refuse(found):
    assert found["check"] == "student.hidden: at most 3"
    assert found["memory"].startswith("student.hidden: 3 needs about 1000 TB of memory")
    assert found["weights"] == "record.weights: engine toy has no weights; use engine network"
    assert found["state"] == "record.state: engine toy has no state; use engine network or chain or ode"


def test_it_is_an_engine_of_the_command(library, found, tmp_path):
    assert found["option"] == "toy"
    listed = call(library, "-m", "teacherstudent", "list", "engines", cwd=tmp_path)
    assert re.search(r"^ *toy +a constant *$", listed, re.MULTILINE)
    usage = call(library, "-m", "teacherstudent", "run", "--help", cwd=tmp_path)
    assert "toy: a constant" in " ".join(usage.split())


def test_its_runs_are_stored_and_shown(library, tmp_path):
    (tmp_path / "spec.yaml").write_text(json.dumps(document(student={"hidden": 1})), encoding="utf-8")
    command = ["-m", "teacherstudent", "run", "spec.yaml", "--engine", "toy", "--seed", "7", "--runs", "2"]
    call(library, *command, "--output", "out.h5", cwd=tmp_path)
    shown = call(library, "-m", "teacherstudent", "show", "out.h5", cwd=tmp_path)
    assert re.search(r"\btoy\b", shown)
    errors = read_run(tmp_path / "out.h5").arrays["generalisation_error"]
    assert errors[:, -1].tolist() == [[7.0, 7.0], [7.1, 7.1]]


def test_it_is_an_engine_of_experiments_with_its_own_cost(found):
    engine, seconds = found["job"]
    assert engine == "toy"
    assert 3000.0 < seconds < 3001.0


def test_it_has_a_digest_and_leaves_the_others_as_they_are(found):
    own = found["digests"].pop("toy")
    assert found["digests"] == {name: engine_digest(name) for name in ENGINES}
    assert own not in found["digests"].values()


def test_a_change_of_it_changes_its_digest_only(library, found, monkeypatch):
    monkeypatch.setattr(digest, "FOLDER", library / "teacherstudent")
    monkeypatch.setitem(
        ENGINES, "toy", Engine("toy", "a constant", dynamics=NAME, support=NAME, estimates=NAME)
    )
    engine_digest.cache_clear()
    try:
        before = {name: engine_digest(name) for name in ENGINES}
        with (library / "teacherstudent" / "engines" / "toy.py").open("a") as file:
            file.write("\nx = 1\n")
        engine_digest.cache_clear()
        assert {name for name in ENGINES if engine_digest(name) != before[name]} == {"toy"}
    finally:
        engine_digest.cache_clear()


def test_no_compiled_code_is_imported_for_it(found):
    assert found["numba"] is False


def test_it_has_a_marker(library):
    code = "from teacherstudent.plotting.quick_looks import MARKERS; print(MARKERS)"
    markers = ast.literal_eval(call(library, "-c", code))
    assert len(set(markers.values())) == len(markers) == 3
    assert "toy" in markers


# The registry


def test_the_registry_imports_no_engine():
    code = "import sys, teacherstudent.command.arguments as a; a.parser(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(loaded.stdout.split())
    assert not {"numba", "numpy"} & modules
    assert not {module for engine in ENGINES.values() for module in engine.modules} & modules


def test_an_unknown_engine_is_refused():
    with pytest.raises(
        SpecError, match="^engine: odd is not allowed; it must be one of network, chain, ode$"
    ):
        engine_named("odd")


# An engine names itself where it refuses a spec, and `chain` where it asks for its limit of a batch.
ITSELF = "engines/{}/"
DEFAULT = {
    "analysis/fixed_points.py": {"ode"},
    "analysis/structured_fixed_points.py": {"ode"},
    "api.py": {"ode"},
    "experiments/estimates.py": {"ode"},
    "grids.py": {"ode"},
    "engines/observables.py": set(ENGINES),  # the engines of each array of a state
}


@pytest.mark.parametrize("engine", ENGINES)
def test_checks_and_estimates_import_no_compiled_code(engine):
    """The workflow estimates every job whenever it starts."""
    modules = ", ".join(ENGINES[engine].modules[1:])
    code = f"import sys, {modules}; print('numba' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_engines_are_named_in_the_registry_only():
    named = {}
    for path in sorted(digest.FOLDER.rglob("*.py")):
        texts = {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_text(node)}
        name = path.relative_to(digest.FOLDER).as_posix()
        own = {engine for engine in texts & set(ENGINES) if not name.startswith(ITSELF.format(engine))}
        if own - DEFAULT.get(name, set()):
            named[name] = own
    assert named == {"engines/base.py": set(ENGINES)}


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_engine_has_all_functions():
    for engine in ENGINES.values():
        parts = {name for path in engine.modules for name in functions(path)}
        needed = {"check", "can_resume", "simulate", "cost", "memory"}
        assert needed | ({"batch_key"} if engine.batch_limit > 1 else set()) <= parts, engine.name
        (simulate,) = (
            node for node in tree(engine.modules[0]).body if getattr(node, "name", "") == "simulate"
        )
        arguments = {argument.arg for argument in simulate.args.args}
        assert ({"saved", "save"} <= arguments) == engine.supports_checkpoints, engine.name
        assert ("STATE_NAMES" in assigned(engine.modules[0])) == engine.has_state, engine.name


def tree(module):
    path = Path(digest.FOLDER, *module.split(".")[1:]).with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def assigned(module):
    """Names of constants of a module, also of those that it imports."""
    body = tree(module).body
    names = (node.targets for node in body if isinstance(node, ast.Assign))
    imported = {alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {target.id for targets in names for target in targets if isinstance(target, ast.Name)}


def functions(module):
    return {node.name for node in tree(module).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_spec_is_checked_once(engine, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(json.dumps(document()), encoding="utf-8")
    checked, whole = [], Engine.check
    monkeypatch.setattr(Engine, "check", lambda self, spec: checked.append(spec) or whole(self, spec))
    assert main(f"run spec.yaml --engine {engine} --runs 3 --output out.h5".split()) == 0
    assert len(checked) == 1
    simulate(parse_spec(document()), engine)
    list(simulate_runs(parse_spec(document()), engine, runs=3, starts=[BEGINNING] * 3))
    assert len(checked) == 3
