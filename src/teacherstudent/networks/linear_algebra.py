"""Linear algebra of BLAS and LAPACK with results that do not depend on the number of their threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

_lock = Lock()
_limits: list = []  # the limit of the process, which all users share, once for each of them


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and LAPACK to one thread: as a context, or as the decorator `@one_thread()` of a function.

    The rounding of sums depends on their division among threads. For small matrices one thread is not slower.
    The number of threads belongs to the process: it is set for the first of all contexts that overlap in
    time, in any thread, and restored after the last one.
    """
    with _lock:
        _limits.append(_limits[0] if _limits else _libraries().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


@cache
def _libraries():
    """Return the controller of the libraries that NumPy uses."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
