"""Steps of sums over the fields of smooth units, whose nodes are those of `nodes`.

Fields are x = L zeta with independent standard normal zeta and the Cholesky factor L of their covariance
(`layer_nodes.factor`). The integrands are products of two errors, or of one activation, and two slopes.
"""

import math

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.maths.activations import ERF, LARGEST, SIGMOID, TANH
from teacherstudent.kernels.maths.layer_nodes import factor

STEPS = 64  # distances from the real axis that are compared
ORDER = 3.0  # of the poles of products; they have six factors, but few of these are near a pole together
# Exponent of the squares of imaginary fields of erf units in products; their six factors make it 2 at most.
SIZE = 1.7
CLOSEST = 0.999  # part of the distance to the pole at which products are evaluated


@inner
def set_steps(L, K, student, teacher, digits, steps):
    """Compute the steps of nodes along each axis.

    The error of a sum with steps h is exp(-2 pi y / h) times the size of the integrand at the distance y from
    the real axis, exp(y^2 / 2) from the density of zeta times those of `_growth` at the imaginary parts l y,
    with l the largest |L_kj| of the student and of the teacher. h is the largest step with an error of the
    tolerance.

    Parameters
    ----------
    L : (D, D) array
        Factor of the covariance of the fields, the K student units first.
    K : int
        Number of student units.
    student, teacher : int
        Activation codes.
    digits : float
        ln(1 / tolerance).
    steps : (D,) array
        Receives the steps.
    """
    for j in range(len(steps)):
        own = other = 0.0
        for i in range(len(L)):
            if i < K:
                own = max(own, abs(L[i, j]))
            else:
                other = max(other, abs(L[i, j]))
        farthest = min(_farthest(student, own), _farthest(teacher, other), math.sqrt(2.0 * digits))
        best = 0.0
        for e in range(1, STEPS + 1):
            y = farthest * e / STEPS
            size = 0.5 * y * y + _growth(student, own * y) + _growth(teacher, other * y)
            best = max(best, 2.0 * math.pi * y / (digits + size))
        steps[j] = best


@inner
def _pole(code):
    """Return the imaginary part of the pole of an activation that is the nearest; infinity without poles.

    Activations of users are treated as tanh; their steps become shorter where this is not enough.
    """
    if code == SIGMOID:
        return math.pi
    return 0.5 * math.pi if code == TANH or code > LARGEST else math.inf


@inner
def _farthest(code, length):
    """Return the largest distance from the real axis, where fields have a length in units of it."""
    return CLOSEST * _pole(code) / length if length > 0.0 else math.inf


@inner
def _growth(code, imaginary):
    """Return the logarithm of the size of products of activations and slopes at imaginary fields."""
    if code == ERF:
        return SIZE * imaginary * imaginary
    pole = _pole(code)
    return -ORDER * math.log(math.cos(0.5 * math.pi * imaginary / pole)) if pole < math.inf else 0.0


@entry
def steps_of_fields(C, K, student, teacher, digits):
    """Return the steps of a sum for means over fields.

    Parameters
    ----------
    C : (D, D) array
        Covariance of the fields, the K student units first.
    K : int
        Number of student units.
    student, teacher : int
        Activation codes.
    digits : float
        ln(1 / tolerance).

    Returns
    -------
    (D,) array
    """
    L, steps = C.copy(), C[0].copy()
    factor(C, L)
    set_steps(L, K, student, teacher, digits, steps)
    return steps
