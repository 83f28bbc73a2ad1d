"""Numba kernels: arrays and numbers in, arrays and numbers out; symbols of the papers."""

import sys
from importlib import import_module

from llvmlite import binding
from numba import config


def _use_whole_vectors() -> None:
    """Allow LLVM to use vectors of 512 bits where the processor has them; on some it prefers 256 bits.

    Random numbers are drawn a third faster. Does nothing where the user has set NUMBA_CPU_NAME or
    NUMBA_CPU_FEATURES.
    """
    features = binding.get_host_cpu_features()
    if features.get("avx512f") and config.CPU_NAME is None and config.CPU_FEATURES is None:
        config.CPU_NAME = binding.get_host_cpu_name()
        config.CPU_FEATURES = f"{features.flatten()},-prefer-256-bit"


def _put_off_scipy() -> None:
    """Delay numba's import of scipy.linalg, which takes as long as that of numba itself, until it is needed.

    Numba imports it once to test whether it is installed, and again where a compiled function multiplies
    matrices.
    """
    probe = "scipy.linalg.cython_blas"
    if probe in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    sys.modules[probe] = None  # an import of it fails
    try:
        import_module("numba.np.arraymath")._HAVE_BLAS = True
    finally:
        del sys.modules[probe]


_use_whole_vectors()
_put_off_scipy()
