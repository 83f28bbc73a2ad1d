"""What the import of the kernels loads, and that numba lacks nothing afterwards."""

import subprocess
import sys

KERNELS = "import sys, teacherstudent.kernels.ode.equations, teacherstudent.kernels.network.sgd\n"
PRODUCT = """
import numpy as np
from numba import njit

@njit
def product(a, b):
    return np.dot(a, b)

print(int(product(np.full((2, 3), 2.0), np.full((3, 2), 5.0))[0, 0]))
"""


def printed(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_kernels_do_without_linear_algebra():
    assert printed(KERNELS + "print('scipy.linalg' in sys.modules)") == "False"


def test_compiled_functions_can_multiply_matrices():
    assert printed(KERNELS + PRODUCT) == "30"


def test_scipy_can_be_imported_before_and_after():
    assert printed("import scipy.linalg\n" + KERNELS + PRODUCT) == "30"
    assert printed(KERNELS + "import scipy.linalg.cython_blas as blas\nprint(blas.__name__)").endswith("blas")
