"""Nothing that is read runs code: no pickle, eval or unsafe YAML in the sources; pickles are refused."""

import ast
from itertools import chain

import numpy as np
import pytest

from checkouts import ROOT
from samples import document
from teacherstudent.errors import SpecError
from teacherstudent.spec.parse import parse_spec

pytestmark = pytest.mark.faults

# Compiled kernels in the user's own cache are pickles of numba's, as in numba itself.
CACHE = ROOT / "src" / "teacherstudent" / "kernels" / "compile" / "cache.py"
# Activations of users are Python files that their specs name.
ACTIVATIONS = ROOT / "src" / "teacherstudent" / "networks" / "activations.py"
SOURCES = sorted(chain((ROOT / "src").rglob("*.py"), (ROOT / "workflow").rglob("*.py")))
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "codeop"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "unsafe_load", "full_load"}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sources_run_nothing_that_they_read(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unsafe = UNSAFE_MODULES & {name.split(".")[0] for name in imports(tree)}
    assert unsafe == ({"pickle"} if path == CACHE else set())
    for name, call in calls(tree):
        allowed = {"exec", "compile"} if path == ACTIVATIONS else set()
        assert name.split(".")[-1] not in UNSAFE_CALLS - allowed or name == "re.compile", name
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given.get("allow_pickle", "False") == "False"
        if name == "np.load":
            assert given["allow_pickle"] == "False"
        if name == "yaml.load":
            assert "Safe" in ast.unparse(call.args[1]) or ast.unparse(call.args[1]) == "_StrictLoader"


class Command:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return open, ("executed", "w")


@pytest.mark.parametrize("block", ["student", "teachers", "inputs"])
def test_pickles_are_refused(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objects = np.array([Command()], dtype=object)
    names = ("weights", "readouts", "images", "targets")
    np.savez("pickled.npz", allow_pickle=True, **dict.fromkeys(names, objects))
    blocks = {
        "student": {"hidden": 3, "initial": {"scheme": "file", "file": "pickled.npz"}},
        "teachers": {"file": "pickled.npz"},
        "inputs": {"distribution": "dataset", "dataset": {"file": "pickled.npz", "test_samples": 1}},
    }
    with pytest.raises(SpecError, match="pickled.npz: cannot be read: Object arrays") as refusal:
        parse_spec(document(**{block: blocks[block]}))
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "executed").exists()
