"""Where compiled kernels are kept.

Numba looks at time and size of the file of a function before it takes its compiled code from the disk, at
its own version and at the processor. It does not see a change of a callee in another file, one of the same
size at the same time, one of a package that compiled code depends on, or of a setting. So all that compiled
code depends on is in the name of a folder: computers that share a disk share it if all of that is the same.
"""

import hashlib
import os
import re
import sys
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path

from teacherstudent.files.cache_folders import PACKAGE, usable_folder, user_cache

VARIABLE = "NUMBA_CACHE_DIR"
NO_PART_OF_CODE = (VARIABLE, "NUMBA_NUM_THREADS")
DIGITS = 16  # of the digest, in the name of the folder
PACKAGES = ("numba", "llvmlite", "numpy")
# The lines of /proc/cpuinfo, those of x86 and of ARM, that tell types of processors apart.
PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "flags")
PROCESSOR += ("CPU implementer", "CPU part", "CPU variant", "Features")


def use_own_folder() -> None:
    """Make numba keep compiled code in a folder for all it depends on; call it before kernels are imported.

    Numba itself, slow to import, is not imported here: the environment will tell it the folder.
    """
    folder = str(usable_folder(own_folder, "compiled code", VARIABLE))
    config = sys.modules.get("numba.core.config")
    if config is None:
        os.environ[VARIABLE] = folder
    else:
        config.CACHE_DIR = folder


def state_digest() -> str:
    """Return the first digits of a digest of all that compiled code depends on.

    These are the bytes of all kernels (`teacherstudent.store.digest`, which knows what code means, takes
    longer than to load kernels), the versions of Python and of packages, the processor, and the settings of
    numba.
    """
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1] / "kernels"
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    versions = [sys.version, *map(version, PACKAGES)]
    digest.update(repr((versions, processor(), _settings())).encode())
    return digest.hexdigest()[:DIGITS]


def processor(path: str | Path = "/proc/cpuinfo") -> list[str]:
    """Return what tells the type of this processor: its name and what it can do, of its first core."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            core = list(takewhile(str.strip, file))
    except OSError:  # not Linux: numba itself looks at the processor too
        return [os.uname().machine]
    return [line for line in core if line.split(":")[0].strip() in PROCESSOR]


def _settings() -> list[tuple[str, str]]:
    settings = ((name, value) for name, value in os.environ.items() if name.startswith("NUMBA_"))
    return sorted(setting for setting in settings if setting[0] not in NO_PART_OF_CODE)


def base_folder() -> Path:
    """Return NUMBA_CACHE_DIR where it is set, otherwise the user's cache folder (XDG_CACHE_HOME or ~/.cache).

    A parent process that has set the variable as above means the folder around.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return user_cache() / PACKAGE / "numba"
    inherited = re.fullmatch(rf"{PACKAGE}-[0-9a-f]{{{DIGITS}}}", Path(asked).name)
    return Path(asked).parent if inherited else Path(asked)


def own_folder() -> Path:
    """Return the folder for all that compiled code depends on."""
    return base_folder() / f"{PACKAGE}-{state_digest()}"
