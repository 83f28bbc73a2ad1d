"""Compiled kernels on a disk to which many processes write at once, and which may lose parts of files.

Numba numbers the files of a function by what its index lists: two processes that write at the same time
choose one number, and the code of one of them is then found for the arguments of the other; a file that was
cut short raises an error in every process. Here the name of a file is the digest of its content: it has
one content, and is compared with its name before it is used.

The folder is named after the content of all kernels. So code for a NamedTuple that is defined elsewhere, with
functions that belong to it (`variants`), is not saved.

Saving only makes the next process faster: where it fails, one warning says so and the work continues.
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

KERNELS = Path(__file__).parents[1]
PACKAGE = "teacherstudent.kernels"
# In place of time and size of the source: the folder is named after the content of all kernels already.
SAME = None


class CheckedFiles(IndexDataCacheFile):
    """Index and code of one function."""

    def save(self, key, data):
        """Write code for a key, then list it."""
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
        except Exception:  # pickle raises all kinds of errors; what is not listed is compiled again
            return {}

    def _load_data(self, name):
        content = Path(self._data_path(name)).read_bytes()
        if name.split(".")[-2] != _digest(content):
            raise OSError("not what was written")  # for numba a missing file: it compiles again
        return pickle.loads(content)


class Folder(UserProvidedCacheLocator):
    """The folder of compiled code; numba would take another one where it cannot be written to."""

    @classmethod
    def from_function(cls, py_func, py_file):
        """Return the folder of a function."""
        return cls(py_func, py_file)

    def ensure_cache_path(self):
        """Do nothing: saving makes the folder."""


class CodeInFolder(CompileResultCacheImpl):
    """How code is brought into files."""

    _locator_classes = [Folder]


class CheckedCache(FunctionCache):
    """The cache of one function; all copies of the package with these kernels share that of a kernel."""

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
        """Return the code for a signature, or None where there is none."""
        return super().load_overload(sig, target_context) if _of_kernels(sig) else None

    def save_overload(self, sig, data):
        """Save the code for a signature; where that fails, warn once in a process."""
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
    """Whether all NamedTuples among the types of arguments, and in each other, are defined in kernels."""
    return all(
        kind.instance_class.__module__.startswith(f"{PACKAGE}.") and _of_kernels(kind.types)
        for kind in kinds
        if hasattr(kind, "instance_class")
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
