"""Where compiled kernels are kept.

Numba checks only the file of a function itself before it takes its compiled code from the disk: after a
change of a callee in another file, a cached caller silently goes on with the old one. So each state of the
kernels, told by a digest of all of them, has a folder of its own.
"""

import atexit
import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

PACKAGE = __package__
VARIABLE = "NUMBA_CACHE_DIR"
DIGITS = 16  # of the digest, in the name of the folder


def use_own_folder() -> None:
    """Make numba keep compiled code in a folder for the present kernels; call it before one is imported.

    Numba itself, slow to import, is not imported here: the environment will tell it the folder.
    """
    folder, config = str(_writable_folder()), sys.modules.get("numba.core.config")
    if config is None:
        os.environ[VARIABLE] = folder
    else:
        config.CACHE_DIR = folder


def kernels_digest() -> str:
    """Return the first digits of a digest of the files of all kernels.

    Of their bytes: `teacherstudent.digest`, which knows what code means, takes longer than to load kernels.
    """
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "kernels").glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:DIGITS]


def base_folder() -> Path:
    """Return NUMBA_CACHE_DIR where it is set, otherwise the user's cache folder (XDG_CACHE_HOME or ~/.cache).

    A parent process that has set the variable as above means the folder around.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PACKAGE / "numba"
    inherited = re.fullmatch(rf"{PACKAGE}-[0-9a-f]{{{DIGITS}}}", Path(asked).name)
    return Path(asked).parent if inherited else Path(asked)


def _writable_folder() -> Path:
    """Make the folder; where that is not possible make one that lasts as long as the process."""
    try:
        folder = base_folder() / f"{PACKAGE}-{kernels_digest()}"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        pass
    folder = Path(tempfile.mkdtemp(prefix=f"{PACKAGE}-numba-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
