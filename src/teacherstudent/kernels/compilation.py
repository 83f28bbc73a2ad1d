"""How kernels are compiled; fast-math flags and error model have their one home here."""

from numba import njit

# Reordering and fused operations, but no assumption that numbers are finite: divergence must stay visible.
REORDER = {"contract", "reassoc", "nsz", "arcp"}

# Division by zero gives inf or nan instead of an exception, whose check would cost more than the division.
exact = njit(error_model="numpy")
fast = njit(error_model="numpy", fastmath=REORDER)
entry = njit(error_model="numpy", nogil=True, cache=True)
# For functions on arrays that others hold, called by kernels only: neither counts references to the arrays
# (atomic operations, dearer than the arithmetic of a small loop) nor can be called from Python.
inner = njit(
    error_model="numpy", fastmath={"contract"}, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
# For functions that take functions as arguments: numba caches no code that passes them around.
inlined = njit(error_model="numpy", inline="always")
