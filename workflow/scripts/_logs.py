"""What all scripts share: their output and their errors go into the log of their rule."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from teacherstudent.errors import RunError, SpecError


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Send the output of a block to a file; an error is written there and ends the process with status 1."""
    with open(path, "w", encoding="utf-8", buffering=1) as log, redirect_stdout(log), redirect_stderr(log):
        try:
            yield
        except (RunError, SpecError) as error:
            log.write(f"error: {error}\n")
            sys.exit(1)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
