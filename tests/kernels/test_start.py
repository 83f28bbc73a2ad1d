"""What the import of the kernels loads, and that numba lacks nothing afterwards."""

import subprocess
import sys

import pytest

from teacherstudent.engines.base import ENGINES

KERNELS = "import sys, teacherstudent.kernels.ode.equations, teacherstudent.kernels.network.sgd\n"
PRODUCT = """
import numpy as np
from numba import njit

@njit
def product(a, b):
    return np.dot(a, b)

print(int(product(np.full((2, 3), 2.0), np.full((3, 2), 5.0))[0, 0]))
"""


def printed(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_kernels_do_without_linear_algebra():
    assert printed(KERNELS + "print('scipy.linalg' in sys.modules)") == "False"


def test_compiled_functions_can_multiply_matrices():
    assert printed(KERNELS + PRODUCT) == "30"


def test_scipy_can_be_imported_before_and_after():
    assert printed("import scipy.linalg\n" + KERNELS + PRODUCT) == "30"
    assert printed(KERNELS + "import scipy.linalg.cython_blas as blas\nprint(blas.__name__)").endswith("blas")


RUN = """
import sys
from teacherstudent import parse_spec, simulate
spec = parse_spec({"inputs": {"dimension": 10}, "teachers": {"count": 2, "hidden": 2},
                   "student": {"hidden": 3}, "training": {"learning_rate": 0.5}, "duration": 1.0})
trajectory = simulate(spec, sys.argv[1])
print(trajectory.generalisation_error[-1, 0].hex())
print(*sys.modules)
"""
# What numba imports to compile, and the parts of SciPy that take the longest.
SLOW = {"numba.np.npyimpl", "numba.typed.typedlist", "numba.experimental.jitclass.base"}
SLOW |= {"scipy.linalg", "scipy.special", "scipy.stats"}


@pytest.mark.parametrize("engine", ENGINES)
def test_code_that_was_compiled_before_runs_without_the_compiler(engine):
    compiled, _ = printed(RUN, engine).splitlines()
    loaded, modules = printed(RUN, engine).splitlines()
    assert loaded == compiled
    assert "numba" in modules.split()
    assert not SLOW & set(modules.split())
