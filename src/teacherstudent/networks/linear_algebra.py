"""Linear algebra of BLAS and LAPACK with results that do not depend on the number of their threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock

_lock = RLock()  # the number of threads belongs to the process


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and LAPACK to one thread: as a context, or as the decorator `@one_thread()` of a function.

    The rounding of sums depends on their division among threads. For small matrices one thread is not slower.
    """
    with _lock, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries():
    """Return the controller of the libraries that NumPy uses."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
