"""Linear algebra of BLAS and LAPACK with the same bits for any number of threads that they may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_lock = RLock()  # the number of threads belongs to the process


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and LAPACK use one thread in a block, or in a function that this decorates: `@one_thread()`.

    Sums that are divided among threads round in another way. Small matrices are no slower for it.
    """
    from threadpoolctl import ThreadpoolController

    with _lock, ThreadpoolController().limit(limits=1, user_api="blas"):
        yield
