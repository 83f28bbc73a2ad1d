"""Cache of compiled kernels on disk, safe for many processes at once and for incomplete files.

Numba numbers the files of a function by the entries of its index. Two processes that write at the same time
choose the same number, and then the code of one is loaded for the argument types of the other; a truncated
file raises an error in every process. Here a file is named after the digest of its content, and the content
is compared with the name before it is used.

The folder is named after the content of all kernels. Therefore code for a NamedTuple that is defined outside
of the kernels, with its own functions (`variants`), is not saved.

The cache only makes the next process faster: if saving fails, there is one warning and the run continues.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Iterable
from pathlib import Path

from numba.core import config
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    UserProvidedCacheLocator,
)
from numba.core.runtime import rtsys

KERNELS = Path(__file__).parents[1]
PACKAGE = "teacherstudent.kernels"
# Stamp of the index in place of time and size of the source: the name of the folder identifies the source.
SAME = None


class CheckedFiles(IndexDataCacheFile):
    """Index and code of one function."""

    def save(self, key, data):
        """Write the code for a key to a file, then add the file to the index."""
        os.makedirs(self._cache_path, exist_ok=True)
        content = self._dump(data)
        name = f"{self._index_name}.{_digest(content)}.nbc"
        with self._open_for_write(self._data_path(name)) as file:
            file.write(content)
        self._save_index(self._load_index() | {key: name})

    def load(self, key):
        """Return the code for a key, or None where it cannot be read."""
        try:
            return super().load(key)
        except Exception:  # as in `_load_index`
            return None

    def _load_index(self):
        try:
            return super()._load_index()
        except Exception:  # pickle raises many types of errors; without its entry code is compiled again
            return {}

    def _load_data(self, name):
        content = Path(self._data_path(name)).read_bytes()
        if name.split(".")[-2] != _digest(content):
            raise OSError("checksum mismatch")  # to numba, a missing file: it compiles again
        return pickle.loads(content)


class Folder(UserProvidedCacheLocator):
    """The folder of compiled code, also where it is not writable; numba would then choose another one."""

    @classmethod
    def from_function(cls, py_func, py_file):
        """Return the folder of a function."""
        return cls(py_func, py_file)

    def ensure_cache_path(self):
        """Do nothing: the folder is created when code is saved."""


class CodeInFolder(CompileResultCacheImpl):
    """Serialisation of compiled code, with `Folder` as its location."""

    _locator_classes = [Folder]


class CheckedCache(FunctionCache):
    """The cache of one function; copies of the package with the same kernels share it."""

    _impl_class = CodeInFolder
    _has_warned = False

    def __init__(self, function):
        super().__init__(function)
        name, stamp = self._impl.filename_base, self._impl.locator.get_source_stamp()
        source = Path(function.__code__.co_filename)
        if source.is_relative_to(KERNELS):
            part = source.parent.relative_to(KERNELS.parent)
            self._cache_path, stamp = os.path.join(config.CACHE_DIR, part), SAME
        self._cache_file = CheckedFiles(self._cache_path, name, stamp)

    def load_overload(self, sig, target_context):
        """Return the saved code for a signature, or None."""
        if not _of_kernels(sig):
            return None
        # Numba would load what it needs to compile, which takes longer than to load all code of a run.
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    def save_overload(self, sig, data):
        """Save the code for a signature; if that fails, write one warning per process."""
        try:
            if _of_kernels(sig):
                super().save_overload(sig, data)
        except OSError as error:
            if not CheckedCache._has_warned:
                CheckedCache._has_warned = True
                cause = error.strerror or error
                sys.stderr.write(
                    f"warning: compiled code cannot be saved in {self._cache_path}: {cause}; it is compiled"
                    " again in the next process"
                    " (make space there, or set NUMBA_CACHE_DIR to another folder)\n"
                )


def _of_kernels(kinds: Iterable) -> bool:
    """Return whether all NamedTuples in the types of arguments, nested ones too, are defined in kernels."""
    return all(
        kind.instance_class.__module__.startswith(f"{PACKAGE}.") and _of_kernels(kind.types)
        for kind in kinds
        if hasattr(kind, "instance_class")
    )


def _digest(content: bytes) -> str:
    """Return 32 hexadecimal digits of SHA-256."""
    return hashlib.sha256(content).hexdigest()[:32]
