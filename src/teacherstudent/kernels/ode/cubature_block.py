"""Operations on a block of nodes, whose rows are in the work space of `cubature_law.Space`."""

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.special import erf_and_derivative
from teacherstudent.kernels.maths.vector_sums import dot
from teacherstudent.kernels.ode.cubature_law import BLOCK, FIRST, PRODUCT, ROWS, SECOND, THIRD


@inner
def clear(g):
    """Set the sums to zero."""
    for a in range(len(g.h)):
        g.output[a] = 0.0
        for j in range(g.V.shape[1]):
            g.V[a, j] = 0.0
        for b in range(len(g.h)):
            g.power[a, b] = 0.0


@inner
def erf_of(x, value, slope):
    """Compute erf(x / sqrt 2) and its derivative sqrt(2 / pi) exp(-x^2 / 2) of a row.

    Parameters
    ----------
    x : (BLOCK,) array
        Numbers.
    value, slope : (BLOCK,) arrays
        Receive the results.
    """
    for i in range(len(x)):
        value[i], slope[i] = erf_and_derivative(x[i])


@inner
def combine(coefficients, a, points, count, start, out):
    """Write start + sum_j coefficients[a, j] points[j] to a row.

    Parameters
    ----------
    coefficients : (n, m) array
        Coefficients of all fields.
    a : int
        The field.
    points : (m, BLOCK) array
        Points.
    count : int
        Number of terms, the first ones.
    start : (BLOCK,) array
        What is added.
    out : (BLOCK,) array
        Receives the result.
    """
    for i in range(len(out)):
        out[i] = start[i]
    for j in range(count):
        factor = coefficients[a, j]
        for i in range(len(out)):
            out[i] += factor * points[j, i]


@inner
def activate_units(code, g, phi):
    """Compute activities and slopes of all units from their fields, and phi.

    Parameters
    ----------
    code : int
        Activation code.
    g : Space
        Readouts, and the rows of the units.
    phi : (BLOCK,) array
        Receives phi = sum_a h_a g(lambda_a).
    """
    n, work = len(g.h), g.block
    for i in range(BLOCK):
        phi[i] = 0.0
    for a in range(n):
        fields, values, slopes = work[ROWS + a], work[ROWS + n + a], work[ROWS + 2 * n + a]
        activate(code, fields, values, slopes)
        factor = g.h[a]
        for i in range(BLOCK):
            phi[i] += factor * values[i]


@inner
def add_block(g, points, count, last):
    """Add the sums over a block, whose means of D, D^2 and D xi, times weights, are in the work space.

    Parameters
    ----------
    g : Space
        Rows of the units and of the means, and the sums.
    points : (m, BLOCK) array
        The first numbers of x.
    count : int
        How many these are.
    last : (BLOCK,) array
        The number after them, if there is one.
    """
    n, work = len(g.h), g.block
    product, first, second, third = work[PRODUCT], work[FIRST], work[SECOND], work[THIRD]
    for a in range(n):
        values, slopes = work[ROWS + n + a], work[ROWS + 2 * n + a]
        g.output[a] += dot(first, values)
        for i in range(BLOCK):
            product[i] = first[i] * slopes[i]
        for j in range(count):
            g.V[a, j] += dot(product, points[j])
        if count + 1 < g.V.shape[1]:
            g.V[a, count] += dot(product, last)
        g.V[a, g.V.shape[1] - 1] += dot(third, slopes)
        for i in range(BLOCK):
            product[i] = second[i] * slopes[i]
        for b in range(a, n):
            g.power[a, b] += dot(product, work[ROWS + 2 * n + b])
