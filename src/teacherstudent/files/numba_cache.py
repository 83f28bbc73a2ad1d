"""The folder of compiled kernels.

Before numba loads compiled code it compares time and size of the file of a function, its own version and the
processor. It does not detect a change of a callee in another file, a change of equal size at the same time,
or a change of a package or a setting that compiled code depends on. Therefore the name of the folder has a
digest of all these. Computers with a common disk share the folder if their digests are equal.
"""

import hashlib
import os
import re
import sys
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

from teacherstudent.files.cache_folders import PACKAGE, sources, usable_folder, user_cache

VARIABLE = "NUMBA_CACHE_DIR"
NO_PART_OF_CODE = (VARIABLE, "NUMBA_NUM_THREADS")
DIGITS = 16  # of the digest, in the name of the folder
PACKAGES = ("numba", "llvmlite", "numpy")
# Lines of /proc/cpuinfo that distinguish types of processors, of x86 and of ARM.
PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "flags")
PROCESSOR += ("CPU implementer", "CPU part", "CPU variant", "Features")


def use_own_folder() -> None:
    """Set the folder in which numba saves compiled code. Call it before kernels are imported.

    Numba, which is slow to import, is not imported here: it reads the folder from the environment.
    """
    folder = str(usable_folder(own_folder, "compiled code", VARIABLE))
    config = sys.modules.get("numba.core.config")
    if config is None:
        os.environ[VARIABLE] = folder
    else:
        config.CACHE_DIR = folder


def state_digest() -> str:
    """Return the first digits of a digest of everything that compiled code depends on.

    This is the content of all kernels, the versions of Python and of packages, the processor, and the
    settings of numba. (`teacherstudent.store.digest`, which ignores comments, is slower than loading them.)
    """
    digest = hashlib.sha256()
    for path, content in sources(Path(__file__).parents[1] / "kernels"):
        digest.update(path.encode() + content)
    versions = [sys.version, *map(version, PACKAGES)]
    digest.update(repr((versions, processor(), _settings())).encode())
    return digest.hexdigest()[:DIGITS]


def version(package: str) -> list[bytes]:
    """Return the content of the modules in which a package states its version.

    Neither the package nor importlib.metadata is imported: that takes longer than a short command.
    """
    folder = Path(find_spec(package).origin).parent
    return [path.read_bytes() for path in sorted(folder.glob("*version.py"))]


def processor(path: str | Path = "/proc/cpuinfo") -> list[str]:
    """Return the lines that identify the type of this processor, of its first core."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            core = list(takewhile(str.strip, file))
    except OSError:  # not Linux: numba also compares the processor
        return [os.uname().machine]
    return [line for line in core if line.split(":")[0].strip() in PROCESSOR]


def _settings() -> list[tuple[str, str]]:
    settings = ((name, value) for name, value in os.environ.items() if name.startswith("NUMBA_"))
    return sorted(setting for setting in settings if setting[0] not in NO_PART_OF_CODE)


def base_folder() -> Path:
    """Return NUMBA_CACHE_DIR where it is set, otherwise the user's cache folder (XDG_CACHE_HOME or ~/.cache).

    If a parent process has set the variable by `use_own_folder`, the result is the parent of that folder.
    """
    asked = os.environ.get(VARIABLE)
    if not asked:
        return user_cache() / PACKAGE / "numba"
    inherited = re.fullmatch(rf"{PACKAGE}-[0-9a-f]{{{DIGITS}}}", Path(asked).name)
    return Path(asked).parent if inherited else Path(asked)


def own_folder() -> Path:
    """Return the folder whose name has the digest."""
    return base_folder() / f"{PACKAGE}-{state_digest()}"
