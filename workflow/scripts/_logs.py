"""Output and errors of scripts, which are written to the log of their rule."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from teacherstudent.command.garbage import collect_rarely

collect_rarely()  # before large packages are imported

from teacherstudent.errors import RunError, SpecError  # noqa: E402
from teacherstudent.files.writing import reason  # noqa: E402


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Send the output of a block to a file; an error is written there and ends the process with status 1.

    If the log cannot be written, this error is written to standard error.
    """
    outside = sys.stderr
    try:
        with (
            open(path, "w", encoding="utf-8", buffering=1) as log,
            redirect_stdout(log),
            redirect_stderr(log),
        ):
            try:
                yield
            except Exception as error:
                log.write(_message(error))
                sys.exit(1)
    except OSError as error:
        outside.write(f"error: {path}: {reason(error)}\n")
        sys.exit(1)


def _message(error: Exception) -> str:
    """Return one line for errors that users can correct, and the traceback of other errors."""
    if isinstance(error, (RunError, SpecError)):
        return f"error: {error}\n"
    if isinstance(error, OSError):
        return (
            f"error: {error.filename}: {reason(error)}\n" if error.filename else f"error: {reason(error)}\n"
        )
    if isinstance(error, MemoryError):
        return f"error: not enough memory: {error}\n"
    return traceback.format_exc()
