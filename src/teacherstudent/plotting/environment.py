"""Import of matplotlib without the settings of the user, which must not end a command or change a figure.

The style of figures is defined in `teacherstudent.plotting.settings`. This module handles the settings that
take effect when matplotlib is imported: the variable MPLBACKEND (a Jupyter kernel sets it for all commands
that it starts), a matplotlibrc (in the working folder, named by MATPLOTLIBRC, or in the configuration of the
user), style sheets and lists of fonts.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, chdir, contextmanager
from importlib import import_module
from pathlib import Path

from teacherstudent.files.cache_folders import PACKAGE, usable_folder, user_cache

FOLDER = "MPLCONFIGDIR"  # the variable that names the folder of settings and of lists of fonts
NO_SETTINGS = {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
OWN = (PACKAGE, "matplotlib")
ROOM = 2**20  # bytes; more than the size of a list of fonts


def isolate() -> None:
    """Let this process and its children import matplotlib without the settings of the user.

    Commands and scripts call it before they import matplotlib. In notebooks the environment is not changed.
    """
    os.environ.update(NO_SETTINGS)
    os.environ[FOLDER] = str(usable_folder(own_folder, "matplotlib's list of fonts", FOLDER, _room))


def own_folder() -> Path:
    """Return the folder for the list of fonts: in MPLCONFIGDIR or, if it is not set, in the user's cache."""
    asked = os.environ.get(FOLDER)
    folder = Path(asked) if asked else user_cache()
    return folder if folder.parts[-len(OWN) :] == OWN else folder.joinpath(*OWN)


def _room(folder: Path) -> int:
    """Return the number of bytes that matplotlib may write; its own error for a full disk names no folder."""
    return 0 if any(folder.glob("fontlist-*.json")) else ROOM


def import_matplotlib() -> None:
    """Import matplotlib and its styles; where the settings of the user prevent it, without them.

    The environment is the same afterwards.
    """
    _import_or_retry("matplotlib", _without_settings)
    _import_or_retry("matplotlib.style", _without_styles)  # seaborn imports it


def _import_or_retry(module: str, without: Callable[[], AbstractContextManager]) -> None:
    """Import a module; where that fails, import it anew in a context."""
    try:
        import_module(module)
    except Exception:
        # ValueError for the backend; OSError, UnicodeDecodeError or locale.Error for a file of settings
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{module}.")]:
            del sys.modules[name]
        with without():
            import_module(module)


@contextmanager
def _without_styles() -> Iterator[None]:
    """Let matplotlib find no folder of the user's style sheets, all of which it reads when it is imported."""
    import matplotlib

    configuration_folder = matplotlib.get_configdir
    matplotlib.get_configdir = lambda: os.devnull
    try:
        yield
    finally:
        matplotlib.get_configdir = configuration_folder


@contextmanager
def _without_settings() -> Iterator[None]:
    """Remove the settings of the user from the environment during the block."""
    changed = NO_SETTINGS | {"MPLBACKEND": ""}  # empty: matplotlib chooses
    before = {name: os.environ[name] for name in changed if name in os.environ}
    os.environ.update(changed)
    try:
        with chdir(Path(__file__).parent):  # a matplotlibrc in the working folder goes before all others
            yield
    finally:
        for name in changed:
            del os.environ[name]
        os.environ.update(before)
