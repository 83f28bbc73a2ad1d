"""Kernels of tests, whose code is saved beside that of the library: compiling takes longer than running."""

import hashlib
import os
from pathlib import Path

from numba import config, njit
from numba.core.caching import FunctionCache

from teacherstudent.kernels.compile.cache import CheckedCache, CheckedFiles


class CacheOfTests(CheckedCache):
    """The saved code of a function of tests.

    It is in the folder of the library's code, whose name depends on all kernels, and is compiled again when
    a given file changes. Unlike code of the library it may be for a NamedTuple of these files.
    """

    def __init__(self, function, files):
        super().__init__(function)
        self._cache_path = os.path.join(config.CACHE_DIR, "tests")
        stamp = hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()
        self._cache_file = CheckedFiles(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig, target_context):
        return FunctionCache.load_overload(self, sig, target_context)

    def save_overload(self, sig, data):
        FunctionCache.save_overload(self, sig, data)


def saved(*files, **options):
    """Return a decorator like `numba.njit(**options)`; name all files of tests that the code depends on."""

    def compiled(function):
        made = njit(**options)(function)
        made._cache = CacheOfTests(function, files)
        return made

    return compiled
