"""The equations of structured inputs, group by group, with all means by quadrature over the fields."""

import numpy as np
from scipy.special import erf

NODES = 22


def means(h, v, C, extra, label_variance):
    """Return <d g_k>, <d g'_k x> for each extra variable, and <d^2 g'_k g'_l> by Gauss-Hermite quadrature.

    C (D, D) is the covariance of the fields of K student and M teacher units, `extra` (n, D) are covariances
    of other variables with them; a variable's mean given the fields is extra C^-1 fields.
    """
    K, D = len(h), len(C)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    grids = np.meshgrid(*[nodes] * D, indexing="ij")
    z = np.stack([grid.ravel() for grid in grids])
    p = np.prod(np.meshgrid(*[weights / weights.sum()] * D, indexing="ij"), axis=0).ravel()
    x = np.linalg.cholesky(C) @ z
    g = erf(x / np.sqrt(2.0))
    slope = np.sqrt(2.0 / np.pi) * np.exp(-(x[:K] ** 2) / 2.0)
    d = h @ g[:K] - v @ g[K:]
    given = (extra @ np.linalg.inv(C)) @ x
    output = (p * d * g[:K]).sum(axis=1)
    drift = (p * d * slope) @ given.T
    power = (p * (d * d + label_variance) * slope) @ slope.T
    return output, drift, power


def rate_of_change(omega, nu, t, T, q, r, h, v, own, head, settings):
    """Return dq, dr, dh, in the shapes (K, K, G), (K, F, G) and (H, K).

    `own` are the columns of the active teacher, `settings` the rates and noises.
    """
    K, F, G = r.shape
    s = omega + settings["noise"] ** 2
    Q = sum(s[g] * q[:, :, g] for g in range(G))
    R = sum(r[:, own, g] for g in range(G))
    C = np.block([[Q, R], [R.T, T]])
    dq, dr, dh = np.zeros_like(q), np.zeros_like(r), np.zeros_like(h)
    # Inputs along a weight or a teacher of one group, times sqrt N: their covariances with the fields.
    extra = np.concatenate(
        [
            np.concatenate([np.hstack([s[g] * q[:, :, g], r[:, own, g]]) for g in range(G)]),
            np.concatenate([np.hstack([s[g] * r[:, :, g].T, t[:, own, g]]) for g in range(G)]),
        ]
    )
    output, drift, power = means(h[head], v, C, extra, settings["label_noise"] ** 2)
    along_w = drift[:, : K * G].reshape(K, G, K)
    along_g = drift[:, K * G :].reshape(K, G, F)
    eta, decay = settings["eta"], settings["decay"]
    moving = settings["moving"]
    for g in range(G):
        for k in range(K):
            step = eta * moving[k] * h[head, k]
            for a in range(F):
                dr[k, a, g] = -step * along_g[k, g, a] - moving[k] * decay * r[k, a, g]
            for l in range(K):
                other = eta * moving[l] * h[head, l]
                dq[k, l, g] = -step * along_w[k, g, l] - other * along_w[l, g, k]
                dq[k, l, g] -= (moving[k] + moving[l]) * decay * q[k, l, g]
                dq[k, l, g] += step * other * power[k, l] * s[g] * nu[g] / settings["batch"]
    dh[head] = -settings["eta_h"] * output - settings["decay_h"] * h[head]
    return dq, dr, dh
