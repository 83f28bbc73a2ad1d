"""Numba kernels: arrays and numbers in, arrays and numbers out; symbols of the papers."""

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


_use_whole_vectors()
