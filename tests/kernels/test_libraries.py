"""Code that calls its own copy of a function, whatever copies of it the process has."""

import ctypes
import re
from importlib import import_module
from pkgutil import walk_packages

import numpy as np
import pytest
from llvmlite import binding
from numba import njit
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

from teacherstudent import kernels
from teacherstudent.kernels.compile.libraries import ColumnLoopCompiler, OwnCopies

CALLEE = "define {} double @callee() noinline optnone {{ ret double {} }}"
CALLER = """
define double @caller() {
    %result = call double @callee()
    ret double %result
}
"""


@pytest.fixture
def made():
    """Return a function that puts the code in a text into a library of a process's code."""
    codegen = JITCPUCodegen("test")

    def library(kind, text):
        with global_compiler_lock:
            new = kind(codegen, "a library")
            new.enable_object_caching()
            new.add_llvm_module(binding.parse_assembly(text))
            new.finalize()
        return new

    return library


def result(library):
    """Call the caller in a library."""
    return ctypes.CFUNCTYPE(ctypes.c_double)(library.get_pointer_to_function("caller"))()


@pytest.mark.parametrize("kind, expected", [(OwnCopies, 2.0), (JITCodeLibrary, 1.0)])
def test_the_copy_of_a_callee_is_that_beside_the_caller(made, kind, expected):
    made(JITCodeLibrary, CALLEE.format("", 1.0))
    assert result(made(kind, CALLEE.format("linkonce_odr", 2.0) + CALLER)) == expected


@pytest.mark.parametrize("kind", [OwnCopies, JITCodeLibrary])
def test_code_from_the_disk_is_the_same(made, kind):
    library = made(kind, CALLEE.format("linkonce_odr", 2.0) + CALLER)
    assert result(library) == 2.0
    again = JITCPUCodegen("another process").unserialize_library(library.serialize_using_object_code())
    assert result(again) == 2.0


def test_others_can_link_and_inline_it(made):
    library = made(OwnCopies, CALLEE.format("linkonce_odr", 2.0) + CALLER)
    functions = {function.name: function for function in library._get_module_for_linking().functions}
    assert {name: function.linkage for name, function in functions.items()} == {
        "callee": binding.Linkage.linkonce_odr,
        "caller": binding.Linkage.linkonce_odr,
    }


def test_no_function_takes_the_options_of_the_first_function_that_calls_it():
    """Numba fills in those that are left out, which change bits, and saves the code for all callers."""
    modules = [import_module(one.name) for one in walk_packages(kernels.__path__, f"{kernels.__name__}.")]
    functions = [value for one in modules for value in vars(one).values() if isinstance(value, Dispatcher)]
    assert len(functions) > 100
    for function in functions:
        assert {"error_model", "fastmath", "forceinline"} <= function.targetoptions.keys(), function


def multiplied(out, a):
    """Multiply two rows, with a jump inside of the loop."""
    for c in range(len(out)):
        out[c] = out[c] * a[c] if a[c] > 0.5 else 0.0


def test_loops_over_columns_have_one_vector_in_a_pass():
    """Fewer multiplications are in the code than in that of a plain loop, and the numbers are the same."""
    counts, found, a = [], [], np.random.default_rng(0).random(99)
    for kind in (Compiler, ColumnLoopCompiler):
        compiled, out = njit(error_model="numpy", pipeline_class=kind)(multiplied), np.arange(99.0)
        compiled(out, a)
        (text,) = compiled.inspect_asm().values()
        counts.append(len(re.findall(r"\s(?:v?mulpd|fmul)\s", text)))
        found.append(out)
    assert 0 < counts[1] < counts[0]
    np.testing.assert_array_equal(found[0], found[1])
