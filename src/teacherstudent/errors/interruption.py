"""Moments at which preparations and measurements of a run, which can take long, may be ended.

They pass several such moments a second, and call `look` there. What happens then is up to who runs them, in
the same thread: by itself nothing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Multiply-adds, or work as long, between two looks: a tenth of a second, or some.
WORK_PER_LOOK = 50_000_000
LITTLE = 10  # work that is shorter than that by this factor has no looks

_thread = threading.local()


def look() -> None:
    """Call what `looking` was given last in this thread, which may raise an error to end the work."""
    if will_look():
        _thread.action()


def will_look() -> bool:
    """Return whether `look` would call a function in this thread."""
    return getattr(_thread, "action", None) is not None


@contextmanager
def looking(action: Callable[[], None] | None) -> Iterator[None]:
    """Let `look` call a function, or nothing, in this thread."""
    before = getattr(_thread, "action", None)
    _thread.action = action
    try:
        yield
    finally:
        _thread.action = before


def pieces(count: int, work: int) -> Iterator[slice]:
    """Cut `count` things, each with `work` multiply-adds, into slices; look before each, if long."""
    size, long = max(1, WORK_PER_LOOK // max(1, work)), LITTLE * count * work > WORK_PER_LOOK
    for first in range(0, count, size):
        if long:
            look()
        yield slice(first, min(first + size, count))
