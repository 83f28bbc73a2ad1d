"""Answers to questions about code, such as digests, that are saved in the cache folder of the user.

Computing one takes longer than many runs. A file is named after everything that the answer depends on, and
therefore never becomes stale; its first line is a checksum. If it cannot be read or saved, the answer is
computed again.
"""

import hashlib
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from teacherstudent.errors import RunError
from teacherstudent.files.cache_folders import PACKAGE, sources, user_cache
from teacherstudent.files.writing import write_whole

CHECKSUM = 65  # bytes of the first line


def saved_answer(folder: Path, question: str, compute: Callable[[], str]) -> str:
    """Return the saved answer to a question about the sources in a folder, or compute and save it.

    Parameters
    ----------
    folder : Path
        The folder of the sources: all its files that end in .py or .yaml count.
    question : str
        What else the answer depends on.
    compute : callable
        Returns the answer.

    Returns
    -------
    str
        The answer.
    """
    path = _place(folder, question)
    with suppress(OSError):
        if path and (content := path.read_bytes()) == _checked(answer := content[CHECKSUM:]):
            return answer.decode()
    answer = compute()
    with suppress(OSError, RunError):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _checked(answer.encode()))
    return answer


def _checked(answer: bytes) -> bytes:
    """Return the content of a file: the checksum of an answer, and the answer."""
    return f"{hashlib.sha256(answer).hexdigest()}\n".encode() + answer


def _place(folder: Path, question: str) -> Path | None:
    """Return the file of an answer, or None if there is no cache folder or a source cannot be read."""
    with suppress(OSError):
        return user_cache() / PACKAGE / "answers" / _key(folder, question)
    return None


def _key(folder: Path, question: str) -> str:
    """Return the digest of sources, a question, and the version of Python, because syntax trees differ."""
    digest = hashlib.sha256(f"{sys.version}\n{question}\n".encode())
    for path, content in sources(folder, (".py", ".yaml")):
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()
