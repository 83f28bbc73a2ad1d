"""Fewer passes of the garbage collector.

Python counts new objects, and searches for unreachable ones when there are too many and when it ends. The
processes of the command and of the workflow are short and import large packages, whose objects stay until the
end: these passes took a third of the CPU time of a short job.
"""

import atexit
import gc

NEW_OBJECTS = 100_000  # between two passes; by default 700


def collect_rarely() -> None:
    """Let this process search for unreachable objects rarely, and not at its end."""
    gc.set_threshold(NEW_OBJECTS)
    atexit.register(gc.freeze)
