"""Slow SGD on inputs of Gaussian clusters, and the equations of its order parameters for many inputs."""

import math

import numpy as np

from naive import DG, G

# Means as combinations of orthogonal directions of length sqrt N.
MEANS = {
    "opposite": [[1.0], [-1.0]],
    "xor": [[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]],
    "orthogonal": np.eye(3),
}


def derivative(loss, phi, y):
    """Derivative of the loss with respect to the output."""
    return phi - y if loss == "squared" else -y / (1.0 + np.exp(y * phi))


def simulate(spec, replicas, seed, activation, loss="squared"):
    """Q (T, K, K), m (T, K, C) and h (T, H, K) of many runs with real weights; `spec` is complete."""
    rng, N, K = np.random.default_rng(seed), spec["inputs"]["dimension"], spec["student"]["hidden"]
    block, training, initial = spec["inputs"]["clusters"], spec["training"], spec["student"]["initial"]
    combos = block["norm"] * np.array(MEANS[block["means"]])
    mu = math.sqrt(N) * combos @ np.eye(N)[: combos.shape[1]]
    w = initial["weights_std"] * rng.normal(size=(replicas, K, N))
    heads = len(block["labels"])
    h = initial["readouts_std"] * rng.normal(size=(replicas, heads, K))
    labels, std, rows = np.array(block["labels"]), np.array(block["std"]), []
    switches = spec["curriculum"].get("switch_times", [])
    batch, eta, eta_h = (training[key] for key in ("batch_size", "learning_rate", "readout_learning_rate"))
    due = [round(t * N) for t in spec["record"]["times"]]
    for step in range(max(due) + 1):
        if step in due:
            rows.append((w @ w.transpose(0, 2, 1) / N, w @ mu.T / N, h.copy()))
        task = spec["curriculum"]["order"][sum(step >= round(t * N) for t in switches)]
        c = rng.choice(len(std), size=(replicas, batch), p=block["probabilities"])
        x = mu[c] / math.sqrt(N) + std[c][..., None] * rng.normal(size=(replicas, batch, N))
        fields = np.einsum("rkn,rbn->rbk", w, x) / math.sqrt(N)
        units = G[activation](fields)
        d = derivative(loss, np.einsum("rbk,rk->rb", units, h[:, task]), labels[task][c])
        pulls = d[..., None] * h[:, None, task] * DG[activation](fields)
        keep = 1.0 - training["weight_decay"] / N
        w = keep * w - eta / math.sqrt(N) / batch * np.einsum("rbk,rbn->rkn", pulls, x)
        h[:, task] = keep * h[:, task] - eta_h / N / batch * np.einsum("rb,rbk->rk", d, units)
    names = "student_overlaps", "student_cluster_overlaps", "student_readouts"
    return dict(zip(names, (np.stack(part, axis=1) for part in zip(*rows, strict=True)), strict=True))


def slopes(Q, m, h, Omega, p, std, y, eta, loss="squared", nodes=40):
    """dQ/dt, dm/dt and dh/dt of an erf student with two units, by Gauss-Hermite sums in each cluster."""
    x, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    z = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    mass = np.outer(weights, weights).ravel()
    L, dQ, dm, dh = np.linalg.cholesky(Q), np.zeros((2, 2)), np.zeros_like(m), np.zeros(2)
    for c in range(len(p)):
        noise = std[c] * z @ L.T  # the fields without their means
        fields = m[:, c] + noise
        D = derivative(loss, G["erf"](fields) @ h, y[c])
        b = D[:, None] * h * DG["erf"](fields)
        dh -= eta * p[c] * np.einsum("s,s,sk->k", mass, D, G["erf"](fields))
        drift = np.einsum("s,sk,sl->kl", mass, b, fields)
        power = np.einsum("s,sk,sl->kl", mass, b, b)
        dQ += p[c] * (-eta * (drift + drift.T) + eta**2 * std[c] ** 2 * power)
        # w_j mu_b z is normal with covariance std^2 m_jb with the fields: regression on them
        along = np.linalg.solve(Q, m)
        for_means = Omega[c] + noise @ along
        dm -= eta * p[c] * np.einsum("s,sk,sb->kb", mass, b, for_means)
    return dQ, dm, dh


def limit(Q, m, h, times, step=0.05, **others):
    """Order parameters for infinitely many inputs at some times, by the classical Runge-Kutta method."""
    state, t, rows = (np.array(Q), np.array(m), np.array(h)), 0.0, []

    def moved(a, slope):
        return tuple(one + a * other for one, other in zip(state, slope, strict=True))

    for time in times:
        for _ in range(round((time - t) / step)):
            k = [slopes(*state, **others)]
            for a in (step / 2, step / 2, step):
                k.append(slopes(*moved(a, k[-1]), **others))
            total = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(*k, strict=True)]
            state = moved(step, total)
        t = time
        rows.append(state)
    return rows
