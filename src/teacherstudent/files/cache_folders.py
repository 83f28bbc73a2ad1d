"""Folders for what can be made again: compiled code, and what matplotlib knows about fonts.

A cache that cannot be used never ends a run: a warning names the folder and the remedy, and a folder that
lasts as long as the process takes its place.
"""

import atexit
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PACKAGE = __package__.partition(".")[0]


def user_cache() -> Path:
    """Return the cache folder of the user: XDG_CACHE_HOME, by default ~/.cache.

    Raises OSError where the user has no home folder.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise OSError(errno.ENOENT, "the user has no home folder", "~/.cache") from error


def usable_folder(
    find: Callable[[], Path], content: str, variable: str, room: Callable[[Path], int] | None = None
) -> Path:
    """Make the folder that `find` returns; where that is not possible, warn and make a temporary one.

    The warning says what the `content` of the folder would have been, and that the environment `variable` can
    name another one. `room` returns how many bytes must fit into the folder. Where there is no temporary
    folder either, the result is a folder that cannot be used.
    """
    folder = named = Path(os.devnull) / PACKAGE
    try:
        folder = named = find()
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            if room:
                _try_to_write(folder, room(folder))
            return folder
        cause = "it cannot be written to"
    except OSError as error:
        named, cause = error.filename or folder, error.strerror
    try:
        temporary = tempfile.mkdtemp(prefix=f"{PACKAGE}-")
    except OSError:  # saving will warn
        return folder
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    sys.stderr.write(
        f"warning: {content} cannot be saved in {named}: {cause}; a temporary folder is used"
        f" (set {variable} to a folder that can be written to)\n"
    )
    return Path(temporary)


def _try_to_write(folder: Path, count: int) -> None:
    """Raise OSError where so many bytes cannot be written."""
    if count == 0:
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(count))
