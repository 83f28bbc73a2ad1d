"""Interruption of preparations and measurements of a run, which can take long.

They call `check_interruption` several times a second. It has no effect unless a caller in the same thread has
set a function with `interruptible_by`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Multiply-adds, or work of equal duration, between two checks: about a tenth of a second.
WORK_PER_CHECK = 50_000_000
SHORT = 10  # work that is shorter than that by this factor has no checks

_thread = threading.local()


def check_interruption() -> None:
    """Call the function set by `interruptible_by` in this thread; it may raise an error to end the work."""
    if is_interruptible():
        _thread.action()


def is_interruptible() -> bool:
    """Return whether `check_interruption` would call a function in this thread."""
    return getattr(_thread, "action", None) is not None


@contextmanager
def interruptible_by(action: Callable[[], None] | None) -> Iterator[None]:
    """Set the function that `check_interruption` calls in this thread; None for no function."""
    before = getattr(_thread, "action", None)
    _thread.action = action
    try:
        yield
    finally:
        _thread.action = before


def in_pieces(count: int, work: int) -> Iterator[slice]:
    """Divide `count` items, each with `work` multiply-adds, into slices; check before each of long work."""
    size, long = max(1, WORK_PER_CHECK // max(1, work)), SHORT * count * work > WORK_PER_CHECK
    for first in range(0, count, size):
        if long:
            check_interruption()
        yield slice(first, min(first + size, count))
