"""Means over the fields for linear students of several layers: products of all layers.

The output is b lambda with b = h U_L ... U_2, and a_l = U_l ... U_2 lambda. For a Gaussian field z

    <d z> = sum_k b_k <lambda_k z> - sum_m v_m <g'(rho_m)> <rho_m z>.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.ode.deep import error_of, fill_means, margin_of, work_of

FAR = 1e300  # margin of means that are always precise


class Linear(NamedTuple):
    """Linear units, with what is constant of the active teacher, and work space."""

    gain: np.ndarray  # (M,) v_m <g'(rho_m)>
    square: float  # <(sum_m v_m g(rho_m))^2>, without noise
    s: np.ndarray  # (L, K) derivatives of the output with respect to the fields of each layer
    a: np.ndarray  # (L, K) <d a_l> of each layer
    error: np.ndarray  # (K + F,) <d z> for the inputs z along all weights


@variant(fill_means, Linear)
def _fill_means(units, p, h, U):
    """Implement `deep.fill_means`."""
    w, s, a, M, K = p.work, units.s, units.a, len(p.v), len(h)
    square = units.square + p.output_variance + _propagate(units, p, h, U)
    b = s[0]
    for z in range(len(units.error)):
        units.error[z] = 0.0
        for m in range(M):
            units.error[z] -= units.gain[m] * w.B[m, z]
        for k in range(K):
            units.error[z] += b[k] * w.B[M + k, z]
    for k in range(K):
        a[0, k] = units.error[k]
    for layer in range(len(U)):
        for i in range(K):
            a[layer + 1, i] = 0.0
            for j in range(K):
                w.inner[layer, i, j] = s[layer + 1, i] * a[layer, j]
                a[layer + 1, i] += U[layer, i, j] * a[layer, j]
    for i in range(K):
        w.output[i] = a[len(U), i]
        for z in range(len(units.error)):
            w.drift[i, z] = b[i] * units.error[z]
        for k in range(i, K):
            w.power[i, k] = b[i] * b[k] * square


@variant(error_of, Linear)
def _error_of(units, p, h, U):
    """Implement `deep.error_of`."""
    return 0.5 * max(units.square + _propagate(units, p, h, U), 0.0)


@variant(margin_of, Linear)
def _margin_of(units, p, U):
    """Closed forms are always precise."""
    return FAR


@variant(work_of, Linear)
def _work_of(units):
    """The work is that of a call."""
    return 0


@inner
def _propagate(units, p, h, U):
    """Compute s from the last layer to the first; return <d^2> without the square of the label."""
    w, s, M, K = p.work, units.s, len(p.v), len(h)
    for k in range(K):
        s[len(U), k] = h[k]
    for layer in range(len(U) - 1, -1, -1):
        for j in range(K):
            s[layer, j] = 0.0
            for i in range(K):
                s[layer, j] += s[layer + 1, i] * U[layer, i, j]
    square = 0.0
    for i in range(K):
        for k in range(K):
            square += s[0, i] * s[0, k] * w.C[M + i, M + k]
        for m in range(M):
            square -= 2.0 * s[0, i] * units.gain[m] * w.C[M + i, m]
    return square
