"""Linear algebra of BLAS and LAPACK with the same bits for any number of threads that they may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import RLock

_lock = RLock()  # the number of threads belongs to the process


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and LAPACK use one thread in a block, or in a function that this decorates: `@one_thread()`.

    Sums that are divided among threads are rounded differently. Small matrices are no slower for it.
    """
    with _lock, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries():
    """Return the controller of the libraries that NumPy has loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
