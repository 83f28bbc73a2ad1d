import inspect
import subprocess
import sys
import tomllib
import typing
import zipfile
from pathlib import Path

import pytest

import teacherstudent

HEAVY = {"h5py", "matplotlib", "numba", "numpy", "rich", "scipy", "yaml"}


def test_every_public_name_can_be_imported():
    for name in teacherstudent.__all__:
        assert getattr(teacherstudent, name) is not None
    assert set(teacherstudent.__all__) <= set(dir(teacherstudent))


def test_public_names_are_those_of_the_modules():
    from teacherstudent import api, measures, simulate
    from teacherstudent.simulation.runs import simulate as defined
    from teacherstudent.store.checkpoints import CheckpointFile

    assert simulate is defined
    assert teacherstudent.read_run is api.read_run
    assert teacherstudent.CheckpointFile is CheckpointFile
    assert teacherstudent.measures is measures


def test_names_shown_are_the_public_ones():
    code = "import teacherstudent as ts; ts.run, ts.analysis, ts.read_curves; print(*dir(ts))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == sorted(teacherstudent.__all__)
    assert not {"api", "store", "kernels", "engines", "import_module"} & set(shown.stdout.split())


def test_public_annotations_can_be_resolved():
    functions = [getattr(teacherstudent, name) for name in teacherstudent.__all__]
    functions += [value for value in vars(teacherstudent.Run).values() if inspect.isfunction(value)]
    for function in filter(inspect.isfunction, functions):
        hints = typing.get_type_hints(function)
        assert {*inspect.signature(function).parameters, "return"} - {"self"} <= set(hints), function


def test_the_wheel_has_the_marker_of_types_and_the_schemas(tmp_path):
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    project = Path(__file__).parents[1]
    made = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=project, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / made.stdout.split()[-1]) as wheel:
        packed = set(wheel.namelist())
    package = project / "src" / "teacherstudent"
    data = [path for path in package.rglob("*") if path.suffix in (".yaml", ".typed", ".py")]
    assert {path.name for path in data} >= {"py.typed", "spec.yaml", "experiment.yaml"}
    assert {path.relative_to(package.parent).as_posix() for path in data} <= packed


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'similate'"):
        _ = teacherstudent.similate


def test_the_version_is_that_of_the_project():
    project = Path(__file__).parents[1] / "pyproject.toml"
    assert teacherstudent.__version__ == tomllib.loads(project.read_text())["project"]["version"]


def test_the_import_waits_with_everything_slow():
    code = "import sys, teacherstudent; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(loaded.stdout.split())
