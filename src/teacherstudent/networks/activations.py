"""Activations of the layers of a spec in the form of the kernels; those of users are from Python files."""

from functools import cache

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.files.arrays import read_content
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.spec.model import Spec, Student, Teachers

# The functions that a file defines: g and its derivative.
NAMES = "activation", "derivative"
# Points, spacing and precision of the comparison of derivatives with finite differences.
POINTS = np.concatenate([-np.geomspace(0.013, 5.7, 40), np.geomspace(0.017, 6.1, 40)])
SPACING, PRECISION = 1e-5, 1e-6


def codes_of(spec: Spec) -> tuple[int, int]:
    """Return the codes of the activations of student and teachers (`kernels.maths.activations`)."""
    return code_of(spec.student), code_of(spec.teachers)


def code_of(layer: Student | Teachers) -> int:
    """Return the code of the activation of a layer; the address of a compiled function for that of a user.

    Raises SpecError with one line if the file of a user is missing, has changed or has no such functions.
    """
    if layer.activation != "custom":
        return CODES[layer.activation]
    block = "student" if isinstance(layer, Student) else "teachers"
    return _compiled(block, layer.activation_file, layer.activation_sha256).address


@cache  # all of them: kernels call the functions at their addresses
def _compiled(block: str, path: str, sha256: str):
    """Return the compiled function of a file."""
    from numba.core.errors import NumbaError  # slow to import

    from teacherstudent.kernels.maths.callbacks import compiled

    key = f"{block}.activation_file"
    content, _ = read_content("activation_file", path, sha256, block)
    found = _functions(key, path, content)
    try:
        both = compiled(*found)
    except NumbaError as error:
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise SpecError(f"{key}: {path}: numba cannot compile its functions of one number: {line}") from error
    _check_derivative(key, path, both)
    return both


def _functions(key: str, path: str, content: bytes) -> list:
    """Run a file and return its functions g and g'."""
    names = {"__name__": "activation_file", "__file__": path}
    try:
        exec(compile(content, path, "exec"), names)
    except Exception as error:  # the file can raise anything
        words = " ".join(str(error).split()) or type(error).__name__
        raise SpecError(f"{key}: {path}: cannot be read: {words}") from error
    for name in NAMES:
        if not callable(names.get(name)):
            raise SpecError(f"{key}: {path}: there is no function {name}; it needs {' and '.join(NAMES)}")
    return [getattr(names[name], "py_func", names[name]) for name in NAMES]


def _check_derivative(key: str, path: str, both) -> None:
    """Raise SpecError unless the derivative of an activation is that of finite differences."""
    import ctypes

    def evaluated(x: float) -> tuple[float, float]:
        out = (ctypes.c_double * 2)()
        both.ctypes(x, out)
        return out[0], out[1]

    for x in POINTS.tolist():
        value, slope = evaluated(x)
        if not np.isfinite([value, slope]).all():
            raise SpecError(f"{key}: {path}: activation or derivative is not a finite number at {x:.3g}")
        found = (evaluated(x + SPACING)[0] - evaluated(x - SPACING)[0]) / (2.0 * SPACING)
        if not abs(found - slope) <= PRECISION * (1.0 + abs(slope) + abs(value)):
            raise SpecError(
                f"{key}: {path}: derivative is {slope:.6g} at {x:.3g}, where finite differences of activation"
                f" give {found:.6g}; correct it"
            )
