"""Numba kernels: arrays and numbers in, arrays and numbers out; symbols of the papers."""

import sys
from importlib import import_module

from llvmlite import binding
from numba import config


def _use_whole_vectors() -> None:
    """Let LLVM use vectors of 512 bits where the processor has them: it holds them back on some by itself.

    Random numbers gain a third by them. A processor that the user has named for numba stays as it is named.
    """
    features = binding.get_host_cpu_features()
    if features.get("avx512f") and config.CPU_NAME is None and config.CPU_FEATURES is None:
        config.CPU_NAME = binding.get_host_cpu_name()
        config.CPU_FEATURES = f"{features.flatten()},-prefer-256-bit"


def _put_off_scipy() -> None:
    """Keep numba from importing scipy.linalg, which takes as long as numba itself, before it is needed.

    Numba imports it to learn that it is there, and again where a compiled function multiplies matrices.
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
