import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from teacherstudent.files import numba_cache
from teacherstudent.store import digest

CALLEE = """
from teacherstudent.kernels.compile.flags import entry

@entry
def callee(x):
    return {factor} * x
"""

CALLER = """
from teacherstudent.kernels.compile.flags import entry
from teacherstudent.kernels.callee import callee

@entry
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


def copied(folder):
    """Copy the package with another kernel."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(digest.FOLDER, folder / "teacherstudent", ignore=ignored)
    (folder / "teacherstudent" / "kernels" / "caller.py").write_text(CALLER)


def result(folder, factor):
    """Return what the kernel of a copy gives where its callee has a factor, and how often code was found."""
    (folder / "teacherstudent" / "kernels" / "callee.py").write_text(CALLEE.format(factor=factor))
    cache = str(folder.parent / "cache")
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", PRINT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    source, value, hits = done.stdout.split()
    assert source == str(folder / "teacherstudent" / "__init__.py")
    return int(value), int(hits)


def test_a_change_of_a_callee_reaches_its_cached_callers(tmp_path):
    copied(tmp_path / "one")
    assert result(tmp_path / "one", 2) == (21, 0)
    assert result(tmp_path / "one", 2) == (21, 1)  # from the cache
    assert result(tmp_path / "one", 3) == (31, 0)


def test_copies_of_the_package_share_the_code_of_equal_kernels(tmp_path):
    copied(tmp_path / "one")
    copied(tmp_path / "other")
    assert result(tmp_path / "one", 2) == (21, 0)
    assert result(tmp_path / "other", 2) == (21, 1)
    assert result(tmp_path / "other", 3) == (31, 0)
    assert result(tmp_path / "one", 2) == (21, 1)


SAME_NAMES = """
from teacherstudent.kernels.chain.callee import callee as one
from teacherstudent.kernels.network.callee import callee as other
print(one(10), other(10), *(sum(kernel.stats.cache_hits.values()) for kernel in (one, other)))
"""


def test_kernels_of_one_name_in_two_sub_packages_share_no_code(tmp_path):
    copied(tmp_path / "one")
    for package, factor in (("chain", 2), ("network", 3)):
        path = tmp_path / "one" / "teacherstudent" / "kernels" / package / "callee.py"
        path.write_text(CALLEE.format(factor=factor))
        os.utime(path, (1.0, 1.0))  # name, size and time of both files are the same
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "one"),
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
    }

    def printed():
        command = [sys.executable, "-c", SAME_NAMES]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert printed() == ["20", "30", "0", "0"]
    assert printed() == ["20", "30", "1", "1"]


def test_the_folder_is_named_after_the_digest(environment, tmp_path):
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    numba_cache.use_own_folder()
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / f"teacherstudent-{numba_cache.state_digest()}")


def kernels_in(folder, text="x = 1\n", name="one.py"):
    """Make a package with a kernel and return the path of its module for the cache."""
    path = folder / "kernels" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(folder / "files" / "numba_cache.py")


def test_code_of_the_same_size_and_time_has_another_digest(monkeypatch, tmp_path):
    monkeypatch.setattr(numba_cache, "__file__", kernels_in(tmp_path))
    before, time = numba_cache.state_digest(), os.stat(tmp_path / "kernels" / "one.py").st_mtime_ns
    kernels_in(tmp_path, "x = 2\n")
    os.utime(tmp_path / "kernels" / "one.py", ns=(time, time))
    assert numba_cache.state_digest() != before
    kernels_in(tmp_path)
    assert numba_cache.state_digest() == before


def test_kernels_of_sub_packages_have_digests_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setattr(numba_cache, "__file__", kernels_in(tmp_path))
    found = {numba_cache.state_digest()}
    for name in ("network/two.py", "chain/two.py", "chain/inner/two.py"):
        kernels_in(tmp_path, name=name)
        found.add(numba_cache.state_digest())
    kernels_in(tmp_path, "x = 2\n", name="chain/inner/two.py")
    found.add(numba_cache.state_digest())
    assert len(found) == 5


@pytest.mark.parametrize("package", ["numba", "llvmlite", "numpy", "other"])
def test_versions_have_digests_of_their_own(monkeypatch, package):
    before, own = numba_cache.state_digest(), numba_cache.version
    monkeypatch.setattr(numba_cache, "version", lambda name: [b"9.9"] if name == package else own(name))
    assert (numba_cache.state_digest() == before) is (package == "other")


@pytest.mark.parametrize("package", numba_cache.PACKAGES)
def test_a_version_is_that_of_the_installed_package(package):
    assert version(package).encode() in b"".join(numba_cache.version(package))


def test_pythons_have_digests_of_their_own(monkeypatch):
    before = numba_cache.state_digest()
    monkeypatch.setattr(sys, "version", "3.99.0 (main)")
    assert numba_cache.state_digest() != before


def test_processors_have_digests_of_their_own(monkeypatch):
    before = numba_cache.state_digest()
    monkeypatch.setattr(numba_cache, "processor", lambda: ["model : 1", "flags : sse2"])
    assert numba_cache.state_digest() != before


CORE = """processor : {core}
vendor_id : GenuineIntel
model : {model}
cpu MHz : {core}000
flags : fpu {flags}

"""


def test_a_processor_is_its_type_not_its_core_or_clock(tmp_path):
    def seen(*cores, model=85, flags="avx2"):
        text = "".join(CORE.format(core=core, model=model, flags=flags) for core in cores)
        (tmp_path / "cpuinfo").write_text(text)
        return numba_cache.processor(tmp_path / "cpuinfo")

    assert seen(0) == seen(1) == seen(0, 1, 2)
    assert len({tuple(seen(0)), tuple(seen(0, model=86)), tuple(seen(0, flags="avx2 avx512f"))}) == 3
    assert numba_cache.processor(tmp_path / "none")


def test_settings_of_numba_have_digests_of_their_own(monkeypatch):
    monkeypatch.delenv("NUMBA_OPT", raising=False)
    before = numba_cache.state_digest()
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    assert numba_cache.state_digest() == before
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert numba_cache.state_digest() != before


def test_a_numba_that_is_there_already_is_told_directly(environment, tmp_path):
    config = SimpleNamespace(CACHE_DIR="")
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    environment.setitem(sys.modules, "numba.core.config", config)
    numba_cache.use_own_folder()
    assert Path(config.CACHE_DIR).parent == tmp_path
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path)


def test_child_processes_share_the_folder(environment, tmp_path):
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    numba_cache.use_own_folder()
    inherited = os.environ["NUMBA_CACHE_DIR"]
    numba_cache.use_own_folder()
    assert os.environ["NUMBA_CACHE_DIR"] == inherited


def test_the_base_is_the_cache_folder_of_the_user(environment, tmp_path):
    environment.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert numba_cache.base_folder() == tmp_path / "teacherstudent" / "numba"
    environment.delenv("XDG_CACHE_HOME")
    environment.setenv("HOME", str(tmp_path))
    assert numba_cache.base_folder() == tmp_path / ".cache" / "teacherstudent" / "numba"


def test_without_permission_the_folder_is_temporary(environment, tmp_path):
    (tmp_path / "file").write_text("")
    environment.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    environment.setattr("tempfile.tempdir", str(tmp_path))
    numba_cache.use_own_folder()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.is_dir()
    assert folder.parent == tmp_path


@pytest.fixture
def no_home(environment):
    def home():
        raise RuntimeError

    environment.delenv("XDG_CACHE_HOME", raising=False)
    environment.setattr(Path, "home", home)


def test_without_a_home_the_folder_is_temporary(environment, no_home, tmp_path, capsys):
    environment.setattr("tempfile.tempdir", str(tmp_path))
    numba_cache.use_own_folder()
    assert Path(os.environ["NUMBA_CACHE_DIR"]).parent == tmp_path
    told = (
        "warning: compiled code cannot be saved in ~/.cache: the user has no home folder; a temporary folder"
    )
    assert capsys.readouterr().err.startswith(told)


def test_without_a_temporary_folder_there_is_no_cache(environment, no_home, tmp_path):
    def mkdtemp(prefix):
        raise FileNotFoundError("No usable temporary directory")

    environment.chdir(tmp_path)
    environment.setattr("tempfile.mkdtemp", mkdtemp)
    numba_cache.use_own_folder()
    with pytest.raises(NotADirectoryError):
        Path(os.environ["NUMBA_CACHE_DIR"]).mkdir(parents=True)
    assert os.listdir(tmp_path) == []
