"""Outputs of students with several hidden layers at given fields, for errors: a measurement, not dynamics."""

import numpy as np

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.maths.activations import activate

BLOCK = 256  # nodes that are in the cache together


@entry
def outputs(student, teacher, L, Z, U, h, v, phi, y):
    """Compute the outputs of a student and a teacher at nodes.

    The student has a_1 = g(lambda), a_l = g(U_l a_(l-1)) and the output sum_k h_k a_k of its last layer; the
    teacher has sum_m v_m g(rho_m). The fields (rho, lambda) are L z.

    Parameters
    ----------
    student, teacher : int
        Activation codes, see `activations`.
    L : array (M + K, d)
        Fields of each node: first those of the teacher, then those of the student.
    Z : array (d, n)
        Nodes.
    U : array (layers - 1, K, K)
        Inner weights of the student.
    h : array (K,)
        Readouts of the student.
    v : array (M,)
        Readouts of the teacher.
    phi, y : arrays (n,)
        Receive the outputs of student and teacher.
    """
    M, K, d = len(v), len(h), len(Z)
    rho, own, next_one = np.zeros((3, M, BLOCK)), np.zeros((3, K, BLOCK)), np.zeros((3, K, BLOCK))
    for start in range(0, len(phi), BLOCK):
        count = min(BLOCK, len(phi) - start)
        rho[0], own[0] = 0.0, 0.0
        for j in range(d):
            for m in range(M):
                _add(rho[0, m], L[m, j], Z[j], start, count)
            for k in range(K):
                _add(own[0, k], L[M + k, j], Z[j], start, count)
        activate(teacher, rho[0].reshape(-1), rho[1].reshape(-1), rho[2].reshape(-1))
        activate(student, own[0].reshape(-1), own[1].reshape(-1), own[2].reshape(-1))
        for layer in range(len(U)):
            next_one[0] = 0.0
            for k in range(K):
                for j in range(K):
                    _add(next_one[0, k], U[layer, k, j], own[1, j], 0, count)
            activate(student, next_one[0].reshape(-1), next_one[1].reshape(-1), next_one[2].reshape(-1))
            own, next_one = next_one, own
        for e in range(count):
            phi[start + e] = y[start + e] = 0.0
        for k in range(K):
            for e in range(count):
                phi[start + e] += h[k] * own[1, k, e]
        for m in range(M):
            for e in range(count):
                y[start + e] += v[m] * rho[1, m, e]


@inner
def _add(out, factor, z, start, count):
    """Compute out_e += factor z_(start + e)."""
    for e in range(count):
        out[e] += factor * z[start + e]
