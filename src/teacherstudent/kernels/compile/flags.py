"""Options with which all kernels are compiled: fast-math flags and error model."""

from numba import config, njit

from teacherstudent.kernels.compile.cache import CheckedCache
from teacherstudent.kernels.compile.libraries import ColumnLoopCompiler, OwnCopiesCompiler

# Reordering and fused operations, but no assumption that numbers are finite: divergence must stay visible.
REORDER = {"contract", "reassoc", "nsz", "arcp"}

# Numba compiles a function without one of these options with that of the function that calls it first, and
# uses and saves this code for all callers: its bits would depend on the order in which kernels are compiled.
# Division by zero gives inf or nan instead of an exception, whose check would cost more than the division.
EXACT = {"error_model": "numpy", "fastmath": False, "forceinline": False}
exact = njit(**EXACT)
exact_part = njit(**EXACT | {"forceinline": True})
fast = njit(**EXACT | {"fastmath": REORDER})
# For functions on arrays of their callers, which are kernels: they do not count references to the arrays
# (atomic operations cost more than the arithmetic of a small loop), and Python cannot call them.
ON_ARRAYS = EXACT | {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
INNER = ON_ARRAYS | {"fastmath": {"contract"}}
# The same for sums over long vectors, which are reordered to be vectorised.
SUM = ON_ARRAYS | {"fastmath": {"contract", "reassoc"}}
# The same for a part of the loop of a kernel, for which passing the arguments would cost more than the work.
PART = INNER | {"forceinline": True}
inner = njit(**INNER)
# The same for functions that are also compiled for vectors of runs (`vectors`), with equal bits in each run:
# every operation is rounded.
ROUNDED = ON_ARRAYS
rounded = njit(**ROUNDED)
ROUNDED_PART = ROUNDED | {"forceinline": True}
part = njit(**PART)
long_sum = njit(**SUM)
# For functions with functions as arguments: numba cannot save code that passes them as values.
inlined = njit(**EXACT, inline="always")
# For loops over columns, each a run of its own: every operation is rounded as IEEE 754 says, so that a column
# has the same bits whatever the other columns are. A call would cost more than such a loop.
BY_COLUMN = ON_ARRAYS | {"forceinline": True}
by_column = njit(**BY_COLUMN)
# The same for one loop whose arrays have no element in common: otherwise each loop starts with comparisons of
# their addresses, which take as long as the arithmetic of some dozens of columns.
column_loop = njit(**BY_COLUMN, pipeline_class=ColumnLoopCompiler)


def entry(function):
    """Compile a function that is called from Python, and save its code on the disk."""
    return _on_disk(function, nogil=True)


def scalar(function):
    """Compile a function of numbers to be part of every loop that calls it, and save its code on the disk."""
    return _on_disk(function, forceinline=True)


def _on_disk(function, **options):
    compiled = njit(**EXACT | options, pipeline_class=OwnCopiesCompiler)(function)
    if not config.DISABLE_JIT:
        compiled._cache = CheckedCache(function)  # with `cache=True` numba would look for a folder of its own
    return compiled
