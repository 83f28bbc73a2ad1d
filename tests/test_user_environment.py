"""Settings of the user (environment, files, Python) neither end a command nor change a byte of a figure."""

import json
import os
import subprocess
import sys

import pytest
from matplotlib import font_manager

import drawn
from depth import thorough_from
from faults.counts import COUNTS

BASE = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "NUMBA_DISABLE_JIT": "1"}
NO_FOLDER = "/dev/null/folder"
RED = "".join(f"{name}: {value}\n" for name, value in drawn.HUGE.items() if name != "text.usetex")
FILES = {
    "red": RED,
    "latex": "text.usetex: True\n",
    "broken": "axes.facecolor red\nno.such.key: 1\nfont.size: huge\nbackend: nonsense\n",
    "binary": b"axes.facecolor: red  # caf\xe9\n",
    "locale": "axes.formatter.use_locale: True\n",
    "folder/matplotlibrc": RED,
    "folder/stylelib/paper.mplstyle": RED,
    "folder/stylelib/binary.mplstyle": b"font.size: 30  # caf\xe9\n",
    "file": "",
}
# Variables, those that matter most first; values that name one of the files above become its path.
ENVIRONMENTS = {
    "a Jupyter kernel elsewhere": {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": "0",
    },
    "widgets of Jupyter, colours and sizes": {
        "MPLBACKEND": "module://ipympl.backend_nbagg",
        "MATPLOTLIBRC": "red",
    },
    "a backend with windows and errors in matplotlibrc": {"MPLBACKEND": "qtagg", "MATPLOTLIBRC": "broken"},
    "a missing module and LaTeX": {"MPLBACKEND": "module://no_such_module", "MATPLOTLIBRC": "latex"},
    "a backend that does not exist": {"MPLBACKEND": "nonsense"},
    "a matplotlibrc in another encoding": {"MATPLOTLIBRC": "binary"},
    "a locale that does not exist": {"MATPLOTLIBRC": "locale", "LC_ALL": "xx_XX.UTF-8", "LANG": "xx_XX"},
    "the folder of settings": {"MPLCONFIGDIR": "folder"},
    "a folder of settings that is a file": {"MPLCONFIGDIR": "file"},
    "no home": {"HOME": NO_FOLDER},
}


IN_WORKING_FOLDER = ("red", "binary")  # as ./matplotlibrc


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("settings")
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def started(who, folder, variables):
    folder.mkdir()
    command = [sys.executable, drawn.__file__, who, str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=BASE | variables, cwd=folder.parent, **pipes)


def digests(process):
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out), err


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The digests without settings."""
    return digests(started("user", tmp_path_factory.mktemp("expected") / "user", {}))[0]


def commands(digests):
    return {name: digest for name, digest in digests.items() if name.startswith("run.")}


def test_what_is_shown_is_what_is_saved(expected):
    assert expected["shown"] == expected["run.png"]
    assert len(set(expected.values())) == len(expected) - 1


def test_as_many_are_tried_as_the_page_says():
    assert len(ENVIRONMENTS) + len(IN_WORKING_FOLDER) + 1 == COUNTS.settings


@pytest.mark.slow
@pytest.mark.parametrize("name", thorough_from(1, ENVIRONMENTS))
def test_the_environment_changes_no_byte(name, files, expected, tmp_path):
    variables = {
        variable: str(files / value) if (files / value).exists() else value
        for variable, value in ENVIRONMENTS[name].items()
    }
    user, command = (started(who, tmp_path / who, variables) for who in ("user", "command"))
    assert digests(user)[0] == expected
    found, told = digests(command)
    assert found == commands(expected)
    assert "Traceback" not in told


@pytest.mark.slow
@pytest.mark.parametrize("name", thorough_from(0, IN_WORKING_FOLDER))
def test_a_matplotlibrc_in_the_working_folder_changes_no_byte(name, files, expected, tmp_path):
    (tmp_path / "matplotlibrc").write_bytes((files / name).read_bytes())
    user, command = (started(who, tmp_path / who, {}) for who in ("user", "command"))
    assert digests(user)[0] == expected
    assert digests(command)[0] == commands(expected)


@pytest.mark.thorough
@pytest.mark.slow
def test_settings_changed_in_python_change_no_byte(expected, tmp_path):
    assert digests(started("changed", tmp_path / "changed", {}))[0] == expected


@pytest.mark.slow
def test_a_list_of_fonts_of_the_user_is_not_read_by_commands(expected, tmp_path):
    """The list names another font "DejaVu Sans", as one that was made for another installation may."""
    path = tmp_path / f"fontlist-v{font_manager.FontManager.__version__}.json"
    font_manager.json_dump(font_manager.fontManager, path)
    fonts = json.loads(path.read_text())
    for font in fonts["ttflist"]:
        font["name"] = {"DejaVu Sans": "none", "STIXGeneral": "DejaVu Sans"}.get(font["name"], font["name"])
    path.write_text(json.dumps(fonts))
    found, _ = digests(started("command", tmp_path / "folder", {"MPLCONFIGDIR": str(tmp_path)}))
    assert found == commands(expected)


def test_the_library_leaves_environment_and_settings_of_a_notebook_as_they_are():
    code = """
import os
before = dict(os.environ)
import matplotlib
matplotlib.rcParams["lines.linewidth"] = 9
settings = dict(matplotlib.rcParams)
from teacherstudent.plotting.settings import drawing
with drawing():
    assert matplotlib.rcParams["lines.linewidth"] == 1.5
assert dict(matplotlib.rcParams) == settings
before["NUMBA_CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
assert dict(os.environ) == before
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=BASE | {"MPLBACKEND": "svg"})


def test_the_environment_is_restored_after_an_import_that_failed():
    code = (
        "import os, sys; before = dict(os.environ); from teacherstudent.plotting import plot_runs\n"
        "import matplotlib.pyplot as plt\n"
        "before['NUMBA_CACHE_DIR'] = os.environ['NUMBA_CACHE_DIR']; assert dict(os.environ) == before\n"
        "plt.plot([0, 1]); plt.savefig(sys.stdout.buffer)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=BASE | {"MPLBACKEND": "nonsense"}, capture_output=True)
    assert (done.returncode, done.stdout[:4]) == (0, b"\x89PNG"), done.stderr
