"""Means over the fields of units without closed forms, with the squared loss: sums over nodes.

At a node zeta the fields are x = L zeta, with the Cholesky factor L of their covariance C. With the error
d = sum_a c_a g(x_a) of labels without noise, and the variance sigma^2 of that noise,

    output_k = sum d g_k,   power_ik = sum (d^2 + sigma^2) g'_i g'_k,   V_kj = sum d g'_k zeta_j,

and <d g'_k z> = sum_a weights_ka <x_a z> for every field z, where weights L = V. A field that is a sum of
earlier ones has a column of zeros in L, and no weight. Nodes do not change between two events.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import SIGMOID, TANH, activate
from teacherstudent.kernels.maths.field_nodes import set_steps
from teacherstudent.kernels.maths.layer_nodes import factor
from teacherstudent.kernels.maths.special import exp_minus
from teacherstudent.kernels.maths.vector_sums import dot, dot_of_three
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.models import Means
from teacherstudent.kernels.ode.pauses import LEFT

BLOCK = 128  # nodes that are computed together
ALLOWED = 1.12  # ratio of a step to the one for the tolerance above which new nodes are necessary
LARGEST = 690.0  # of the argument of an exponential function: its inverse is a normal number
WORK_PER_VALUE = 5  # of one unit at one node, in units of `pauses`


class FieldSums(NamedTuple):
    """Units of any smooth activation: nodes, and work space for a block of them."""

    student: int  # activation codes
    teacher: int
    digits: float  # ln(1 / tolerance)
    narrower: float  # steps are those of `field_nodes` times this factor
    steps: np.ndarray  # (D,) steps of the nodes; (0,) where the sums are exact
    Z: np.ndarray  # (blocks, D, BLOCK) nodes
    w: np.ndarray  # (blocks, BLOCK) weights; 0 for the nodes of the padding
    L: np.ndarray  # (D, D) factor of the covariance of the fields
    V: np.ndarray  # (K, D) <d g'_k zeta_j>
    wanted: np.ndarray  # (D,) steps for the tolerance
    fields: np.ndarray  # (3, D, BLOCK) fields, activations and slopes
    errors: np.ndarray  # (3, BLOCK) d w, (d^2 + sigma^2) w, and a product


def field_sums(codes, digits: float, narrower: float, steps, Z, w, K: int) -> FieldSums:
    """Return units with nodes, padded to whole blocks, and work space.

    Parameters
    ----------
    codes : tuple of int
        Activation codes of student and teacher.
    digits : float
        ln(1 / tolerance), larger than 0.
    narrower : float
        Steps divided by those of `field_nodes`, at most 1.
    steps : (D,) array
        Steps of the nodes; (0,) where the sums are exact.
    Z, w : (D, n) and (n,) arrays
        Nodes and weights.
    K : int
        Number of student units.

    Returns
    -------
    FieldSums
    """
    D, blocks = len(Z), -(-len(w) // BLOCK)
    rows = np.zeros((D + 1, blocks * BLOCK))
    rows[:D, : len(w)], rows[D, : len(w)] = Z, w
    rows = np.ascontiguousarray(rows.reshape(D + 1, blocks, BLOCK).swapaxes(0, 1))
    nodes = np.ascontiguousarray(rows[:, :D]), np.ascontiguousarray(rows[:, D])
    work = np.zeros((D, D)), np.zeros((K, D)), np.zeros(len(steps))
    blocks_of_work = aligned_zeros((3, D, BLOCK)), aligned_zeros((3, BLOCK))
    return FieldSums(*codes, digits, narrower, steps, *nodes, *work, *blocks_of_work)


@variant(means.fill_means, FieldSums)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    progress[LEFT] -= WORK_PER_VALUE * law.w.size * len(law.L)
    fill_from_nodes(law, model.c, model.C, output_variance, means)
    return True


@variant(means.error_of_task, FieldSums)
def _error_of_task(law, model):
    """Return 1/2 <d^2>."""
    factor(model.C, law.L)
    total = 0.0
    for p in range(len(law.w)):
        _evaluate(law, model.c, p)
        total += dot_of_three(law.errors[0], law.errors[0], law.w[p])
    return 0.5 * total


@inner
def fit_of_steps(law, C):
    """Return the smallest relative distance of a step from the largest one that is allowed.

    Parameters
    ----------
    law : FieldSums
        Units with nodes.
    C : (D, D) array
        Covariance of the fields.

    Returns
    -------
    float
        Negative where nodes are too coarse; ALLOWED - 1 at most.
    """
    factor(C, law.L)
    fit = ALLOWED - 1.0
    if len(law.steps) > 0:
        set_steps(law.L, len(law.V), law.student, law.teacher, law.digits, law.wanted)
    for j in range(len(law.steps)):
        fit = min(fit, ALLOWED - law.steps[j] / (law.narrower * law.wanted[j]))
    return fit


@inner
def fill_from_nodes(law, c, C, variance, means):
    """Compute the means over the fields.

    Parameters
    ----------
    law : FieldSums
        Units with nodes.
    c : (D,) array
        Signed readouts, those of the K student units first.
    C : (D, D) array
        Covariance of the fields.
    variance : float
        Variance of the noise on labels.
    means : Means
        Receives the results.
    """
    K, D, V = len(law.V), len(law.L), law.V
    factor(C, law.L)
    means.output[:], means.power[:], V[:] = 0.0, 0.0, 0.0
    for p in range(len(law.w)):
        _evaluate(law, c, p)
        _add_block(law, variance, p, means)
    for k in range(K):
        for j in range(D - 1, -1, -1):
            rest = V[k, j]
            for a in range(j + 1, D):
                rest -= means.weights[k, a] * law.L[a, j]
            means.weights[k, j] = rest / law.L[j, j] if law.L[j, j] > 0.0 else 0.0


@inner
def _evaluate(law, c, p):
    """Compute fields, activations, slopes and errors at the nodes of a block."""
    x, value, slope, d = law.fields[0], law.fields[1], law.fields[2], law.errors[0]
    for a in range(len(c)):
        for e in range(BLOCK):
            x[a, e] = 0.0
        for j in range(a + 1):
            factor_j = law.L[a, j]
            for e in range(BLOCK):
                x[a, e] += factor_j * law.Z[p, j, e]
        _activate(law.student if a < len(law.V) else law.teacher, x[a], value[a], slope[a])
    for e in range(BLOCK):
        d[e] = 0.0
    for a in range(len(c)):
        for e in range(BLOCK):
            d[e] += c[a] * value[a, e]


@inner
def _activate(code, x, value, slope):
    """Compute activations and slopes; tanh and sigmoid from an exponential that the compiler vectorises."""
    if code in (TANH, SIGMOID):
        scale = 2.0 if code == TANH else 1.0
        for e in range(BLOCK):
            small = exp_minus(min(scale * abs(x[e]), LARGEST))
            half = (1.0 - small) / (1.0 + small)
            half = half if x[e] > 0.0 else -half
            value[e] = half if scale == 2.0 else 0.5 + 0.5 * half
            slope[e] = 4.0 * small / ((1.0 + small) * (1.0 + small))
            slope[e] = slope[e] if scale == 2.0 else 0.25 * slope[e]
    else:
        activate(code, x, value, slope)


@inner
def _add_block(law, variance, p, means):
    """Add the sums over a block of nodes."""
    d, square, product, weights = law.errors[0], law.errors[1], law.errors[2], law.w[p]
    for e in range(BLOCK):
        square[e] = weights[e] * (d[e] * d[e] + variance)
        d[e] *= weights[e]
    for k in range(len(law.V)):
        slope = law.fields[2, k]
        means.output[k] += dot(d, law.fields[1, k])
        for e in range(BLOCK):
            product[e] = d[e] * slope[e]
        for j in range(len(law.L)):
            law.V[k, j] += dot(product, law.Z[p, j])
        for i in range(k + 1):
            means.power[i, k] += dot_of_three(square, slope, law.fields[2, i])


@entry
def means_at(law, c, C, variance):
    """Return the means over the fields as new arrays.

    Parameters
    ----------
    law : FieldSums
        Units with nodes.
    c : (D,) array
        Signed readouts, those of the K student units first.
    C : (D, D) array
        Covariance of the fields.
    variance : float
        Variance of the noise on labels.

    Returns
    -------
    tuple of arrays (K,), (K, D) and (K, K)
        As in `models.Means`.
    """
    K, D = law.V.shape
    found = Means(np.zeros(K), np.zeros((K, D)), np.zeros((K, K)))
    fill_from_nodes(law, c, C, variance, found)
    return found.output, found.weights, found.power
