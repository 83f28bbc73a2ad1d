"""Slow twins of students with several hidden layers: no back-propagation, derivatives are differences."""

import itertools

import numpy as np
from scipy.special import erf

ACTIVATIONS = {
    "linear": lambda x: x,
    "erf": lambda x: erf(x / np.sqrt(2.0)),
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
}


def activities(activation, fields, U):
    """Activities of all layers, (L, K, ...), from the fields (K, ...) of the first one."""
    found = [ACTIVATIONS[activation](fields)]
    for matrix in U:
        found.append(ACTIVATIONS[activation](np.tensordot(matrix, found[-1], axes=1)))
    return np.array(found)


def output(activation, fields, U, h):
    return np.tensordot(h, activities(activation, fields, U)[-1], axes=1)


def difference(function, x, at, step=1e-5):
    """Central difference of a function in one element of x."""
    shift = np.zeros_like(x)
    shift[at] = step
    return (function(x + shift) - function(x - shift)) / (2.0 * step)


def loss(activation, teacher, W, U, h, V, v, samples):
    """Mean of 1/2 error^2 over samples (x, label noise, input noise times its deviation)."""
    N, total = W.shape[1], 0.0
    for x, noise, other in samples:
        label = output(teacher, V @ x / np.sqrt(N), (), v) + noise
        total += 0.5 * (output(activation, W @ (x + other) / np.sqrt(N), U, h) - label) ** 2
    return total / len(samples)


def means(activation, teacher, C, B, U, h, v, noise, count):
    """Means over fields (rho, lambda) with covariance C, by Gauss-Hermite sums in the frame of sqrt(C).

    B (D, n) are the covariances of the fields with n more ones, z. Returns <d a_L>, <d dphi/dU>, <d b_k z>,
    <d^2 b_i b_k> with the error d and b the derivatives of the output with respect to the fields.
    """
    M, K, D = len(v), len(h), len(C)
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    zeta = np.array(list(itertools.product(nodes, repeat=D))).T
    w = np.prod(np.array(list(itertools.product(weights / weights.sum(), repeat=D))), axis=1)
    values, vectors = np.linalg.eigh(C)
    fields = (vectors * np.sqrt(values)) @ zeta
    own = fields[M:]
    d = output(activation, own, U, h) - output(teacher, fields[:M], (), v)

    def slope(k):
        shift = np.zeros((K, 1))
        shift[k] = 1e-5
        return (output(activation, own + shift, U, h) - output(activation, own - shift, U, h)) / 2e-5

    b = np.array([slope(k) for k in range(K)])
    moved = np.empty_like(U)
    for at in np.ndindex(U.shape):
        moved[at] = w @ (d * difference(lambda U: output(activation, own, U, h), U, at))
    # z = (regression on the fields) + a rest that is independent of them
    z = B.T @ np.linalg.solve(C, fields)
    return (
        activities(activation, own, U)[-1] @ (w * d),
        moved,
        np.einsum("n,kn,zn->kz", w * d, b, z),
        np.einsum("n,in,kn->ik", w * (d**2 + noise), b, b),
    )
