import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from teacherstudent import _numba_cache, digest

CALLEE = """
from numba import njit

@njit(cache=True)
def callee(x):
    return {factor} * x
"""

CALLER = """
from numba import njit
from teacherstudent.kernels.callee import callee

@njit(cache=True)
def caller(x):
    return callee(x) + 1
"""

PRINT = """
import teacherstudent
from teacherstudent.kernels.caller import caller
print(teacherstudent.__file__, caller(10), sum(caller.stats.cache_hits.values()))
"""


@pytest.fixture
def environment(monkeypatch):
    """Neither numba nor its variable seem to be there; both are as before in the end."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.delitem(sys.modules, "numba.core.config", raising=False)
    return monkeypatch


def test_a_change_of_a_callee_reaches_its_cached_callers(tmp_path):
    package = tmp_path / "teacherstudent"
    shutil.copytree(digest.FOLDER, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "kernels" / "caller.py").write_text(CALLER)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def result(factor):
        (package / "kernels" / "callee.py").write_text(CALLEE.format(factor=factor))
        command = [sys.executable, "-c", PRINT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        source, value, hits = done.stdout.split()
        assert source == str(package / "__init__.py")
        return int(value), int(hits)

    assert result(2) == (21, 0)
    assert result(2) == (21, 1)  # from the cache
    assert result(3) == (31, 0)


def test_the_folder_is_named_after_the_kernels(environment, tmp_path):
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    _numba_cache.use_own_folder()
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / f"teacherstudent-{_numba_cache.kernels_digest()}")


def test_a_numba_that_is_there_already_is_told_directly(environment, tmp_path):
    config = SimpleNamespace(CACHE_DIR="")
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    environment.setitem(sys.modules, "numba.core.config", config)
    _numba_cache.use_own_folder()
    assert Path(config.CACHE_DIR).parent == tmp_path
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path)


def test_child_processes_share_the_folder(environment, tmp_path):
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    _numba_cache.use_own_folder()
    inherited = os.environ["NUMBA_CACHE_DIR"]
    _numba_cache.use_own_folder()
    assert os.environ["NUMBA_CACHE_DIR"] == inherited


def test_the_base_is_the_cache_folder_of_the_user(environment, tmp_path):
    environment.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _numba_cache.base_folder() == tmp_path / "teacherstudent" / "numba"
    environment.delenv("XDG_CACHE_HOME")
    environment.setenv("HOME", str(tmp_path))
    assert _numba_cache.base_folder() == tmp_path / ".cache" / "teacherstudent" / "numba"


def test_without_permission_the_folder_is_temporary(environment, tmp_path):
    (tmp_path / "file").write_text("")
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    environment.setattr("tempfile.tempdir", str(tmp_path))
    _numba_cache.use_own_folder()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.is_dir()
    assert folder.parent == tmp_path


def test_without_a_home_the_folder_is_temporary(environment, tmp_path):
    def no_home():
        raise RuntimeError

    environment.delenv("XDG_CACHE_HOME", raising=False)
    environment.setattr(Path, "home", no_home)
    environment.setattr("tempfile.tempdir", str(tmp_path))
    _numba_cache.use_own_folder()
    assert Path(os.environ["NUMBA_CACHE_DIR"]).parent == tmp_path
