"""Means over the fields by sums over nodes, for labels that are signs and any loss.

With (z, u) the fields of the teacher (`kernels.maths.teacher_axes`) and n student units,
lambda = P z + F zeta and u = c zeta + s xi with independent standard normal z (d,), zeta (n,) and xi. Given
x = (z, zeta) the label is +1 with the probability P+ = p + (1 - 2p) Phi(t), t = (c zeta - b(z)) / s, p the
probability of flips. With the slopes D+ and D- of the loss at the two labels

    <D> = P+ D+ + (1 - P+) D-,   <D^2> likewise,   <D xi> = (1 - 2p) (D+ - D-) phi(t),
    output_k = sum <D> g_k,   power_ik = sum <D^2> g'_i g'_k,
    V_kj = sum <D> g'_k x_j,   V_k,xi = sum <D xi> g'_k,

and <D g'_k z> = sum_j V_kj <x_j z> for every field z. Smooth losses are sums over a grid (`cubature_grid`).
Losses with a margin kappa are zero where y phi > kappa. As inputs x and -x are equally probable, twice the
mean over labels +1 is enough, along lines (`cubature_lines`) on which phi grows, up to the point where it is
kappa.

A linear student is one unit with the field phi.
"""

from teacherstudent.kernels.compile.flags import inlined, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.maths.activations import LINEAR
from teacherstudent.kernels.ode import cubature_grid, cubature_lines
from teacherstudent.kernels.ode.cubature_fields import decompose
from teacherstudent.kernels.ode.cubature_law import add_up

# The modules with the variants of `cubature_law` for both kinds of nodes.
VARIANTS = cubature_grid, cubature_lines


@inlined
def fill_sums(law, c, C, flip, K, means):
    """Compute the means over the fields, as in `models.Means`.

    Parameters
    ----------
    law : Cubature
        The law.
    c : (D,) array
        Signed readouts, those of the K student units first.
    C : (D, D) array
        Covariance of student and teacher units.
    flip : float
        Probability p that a label is turned.
    K : int
        Number of student units.
    means : Means
        Receives the results.
    """
    reference = reference_to(law)
    decompose(reference, c, C, K)
    add_up(law.nodes, reference, flip)
    _write_means(law.space, law.inverse, means.weights, K)
    if law.student == LINEAR:
        _spread(law.space, c, C, K, means)
    else:
        for a in range(K):
            means.output[a] = law.space.output[a]
            for b in range(a, K):
                means.power[a, b] = law.space.power[a, b]


@inner
def _write_means(g, inverse, weights, K):
    """Write the means <D g'_k x_j> as weights on the fields of the student and of the teacher."""
    n, d = len(g.h), g.A.shape[1] - 1
    for a in range(n):
        V = g.V[a]
        along_u = V[d + n] / g.rest[0]
        # 1. Along the axes of F.
        for j in range(n):
            g.e[j] = -along_u * g.c[j]
            for e in range(n):
                g.e[j] += V[d + e] * g.O[j, e]
        # 2. On the student's fields, from the last one to the first.
        for j in range(n - 1, -1, -1):
            rest = g.e[j]
            for e in range(j + 1, n):
                rest -= g.e[e] * g.F[e, j]
            g.e[j] = rest / g.F[j, j] if g.F[j, j] > 0.0 else 0.0
        # 3. On z, and with u on the teacher's fields.
        for j in range(d):
            for e in range(n):
                V[j] -= g.e[e] * g.A[e, j]
        V[d] = along_u
        for i in range(weights.shape[1] - K):
            weights[a, K + i] = 0.0
            for j in range(d + 1):
                weights[a, K + i] += V[j] * inverse[j, i]
        for e in range(n):
            weights[a, e] = g.e[e]


@inner
def _spread(g, c, C, K, means):
    """Write the means of all units of a linear student from those of its output phi = sum_k h_k lambda_k."""
    output, weights, power = means.output, means.weights, means.power
    along = weights[0, 0]
    for a in range(K):
        for i in range(weights.shape[1]):
            weights[a, i] = along * c[i] if i < K else weights[0, i]
        for b in range(a, K):
            power[a, b] = g.power[0, 0]
    for a in range(K):
        output[a] = 0.0
        for i in range(weights.shape[1]):
            output[a] += weights[a, i] * C[a, i]
