"""Digests of code that are saved in the cache folder of the user.

Computing one takes longer than many runs. A file is named after everything that the digest depends on, and
therefore never becomes stale. If it cannot be read or saved, the digest is computed again.
"""

import hashlib
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from teacherstudent.errors import RunError
from teacherstudent.files.cache_folders import PACKAGE, user_cache
from teacherstudent.files.writing import write_whole


def saved_digest(folder: Path, question: str, compute: Callable[[], str]) -> str:
    """Return the saved answer to a question about the sources in a folder, or compute and save it.

    Parameters
    ----------
    folder : Path
        The folder of the sources: all its files that end in .py or .yaml count.
    question : str
        What else the digest depends on.
    compute : callable
        Returns the digest in hex.

    Returns
    -------
    str
        The digest, 64 hexadecimal digits.
    """
    path = _place(folder, question)
    with suppress(OSError, UnicodeDecodeError):
        if path and re.fullmatch("[0-9a-f]{64}", text := path.read_text(encoding="ascii")):
            return text
    digest = compute()
    with suppress(OSError, RunError):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, digest.encode())
    return digest


def _place(folder: Path, question: str) -> Path | None:
    """Return the file of a digest, or None if there is no cache folder or a source cannot be read."""
    with suppress(OSError):
        return user_cache() / PACKAGE / "digests" / _key(folder, question)
    return None


def _key(folder: Path, question: str) -> str:
    """Return the digest of sources, a question, and the version of Python, because syntax trees differ."""
    digest = hashlib.sha256(f"{sys.version}\n{question}\n".encode())
    for path in sorted(path for kind in ("py", "yaml") for path in folder.rglob(f"*.{kind}")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
