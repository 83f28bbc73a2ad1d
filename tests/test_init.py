import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import teacherstudent

HEAVY = {"h5py", "matplotlib", "numba", "numpy", "rich", "scipy", "yaml"}


def test_every_public_name_can_be_imported():
    for name in teacherstudent.__all__:
        assert getattr(teacherstudent, name) is not None
    assert set(teacherstudent.__all__) <= set(dir(teacherstudent))


def test_public_names_are_those_of_the_modules():
    from teacherstudent import measures, simulate
    from teacherstudent.simulation.runs import simulate as defined
    from teacherstudent.store import runs as store

    assert simulate is defined
    assert teacherstudent.read_run is store.read_run
    assert teacherstudent.measures is measures


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
