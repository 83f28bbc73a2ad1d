"""Folders of caches: compiled code, and the list of fonts of matplotlib.

If a cache cannot be used, a run continues: a warning names the folder and the remedy, and a temporary folder
is used until the process ends.
"""

import atexit
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
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


def sources(folder: Path, endings: tuple[str, ...] = (".py",)) -> Iterator[tuple[str, bytes]]:
    """Yield the path in a folder and the content of all files with some endings, sorted by path.

    Digests of sources are computed in each process: methods of Path would take twice the time.
    """
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]
    for path in sorted(path for path in paths if path.endswith(endings)):
        with open(path, "rb") as file:
            yield path[len(str(folder)) + 1 :], file.read()


def usable_folder(
    find: Callable[[], Path], content: str, variable: str, room: Callable[[Path], int] | None = None
) -> Path:
    """Make the folder of a cache, or a temporary folder with a warning if that fails.

    Parameters
    ----------
    find : callable
        Returns the path of the folder; may raise OSError.
    content : str
        Content of the cache, for the warning.
    variable : str
        Environment variable with which users choose another folder, for the warning.
    room : callable, optional
        Returns the number of bytes that must fit into the folder.

    Returns
    -------
    Path
        The folder. If no temporary folder can be made either, it cannot be used.
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
    """Raise OSError if so many bytes cannot be written."""
    if count == 0:
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(count))
