"""Online SGD of real weights on Gaussian inputs with few distinct variances, all replicas side by side.

As `naive.sgd`, whose curriculum it uses: a leading axis counts the replicas, and nothing is from the
package. Inputs and what teachers see are linear in standard normal numbers, with matrices that are written
out: x = X z, seen = Z z.
"""

import math
from types import SimpleNamespace

import numpy as np

from naive import sgd
from naive.replica_networks import sample
from naive.sgd import DG, G

SIGN = math.sqrt(2 / math.pi), 1.0  # <u sign u> and <sign^2>


def matrices(inputs):
    """X (N, n) and Z (S, n) of the block `inputs`."""
    N = inputs["dimension"]
    if inputs["distribution"] == "correlated":
        block = inputs["covariance"]
        ends = np.rint(np.cumsum(block["fractions"]) * N).astype(int)
        X = np.diag(np.sqrt(np.repeat(block["values"], np.diff(ends, prepend=0))))
        return X, X
    manifold = inputs["manifold"]
    D, (b, c) = manifold["latent_dimension"], (1.0, 1.0) if manifold["folding"] == "linear" else SIGN
    E = np.linalg.qr(np.random.default_rng(0).normal(size=(N, D)))[0]  # F = sqrt N E, s = 1
    X = np.hstack([b * math.sqrt(N / D) * E, math.sqrt(c - b**2) * np.eye(N)])
    Z = X if manifold["labels_from"] == "inputs" else np.hstack([np.eye(D), np.zeros((D, N))])
    return X, Z


def simulate(document, replicas, seed, start=None):
    """Order parameters and errors at the recorded times, each of shape (replicas, times, ...), by name.

    `start` has W (K, N), h (H, K), V (P, M, S) and v (P, M), the same in all replicas; None: sampled ones.
    """
    rng, N = np.random.default_rng(seed), document["inputs"]["dimension"]
    net = networks(document, replicas, rng) if start is None else repeated(start, replicas)
    net.X, net.Z = matrices(document["inputs"])
    net.phase = np.zeros(replicas, dtype=int)
    net.switch_times = np.full((replicas, sgd.count_switches(document)), np.inf)
    due = [round(time * N) for time in document["record"]["times"]]
    rows = []
    for step in range(due[-1] + 1):
        if step in due:
            rows.append(measure(document, net))
        switch(document, net, step)
        if step < due[-1]:
            train(document, net, rng)
    history = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    shape = *net.V.shape[:3], *net.V.shape[1:3]
    T = covariances(net.V.reshape(replicas, -1, net.V.shape[3]), net.Z).reshape(shape).swapaxes(2, 3)
    return history | {"teacher_overlaps": T, "teacher_readouts": net.v, "switch_times": net.switch_times}


def networks(document, replicas, rng):
    """Sampled networks; teachers have as many inputs as the numbers that they see."""
    net, Z = sample(document, replicas, rng), matrices(document["inputs"])[1]
    if len(Z) < net.V.shape[-1]:
        seen = document | {"inputs": {"dimension": len(Z)}}
        net.V = sample(seen, replicas, rng).V
    return net


def repeated(start, replicas):
    return SimpleNamespace(**{name: np.stack([part] * replicas) for name, part in start.items()})


def tasks(document, net, rng):
    """The task of a step of each replica."""
    mixture = document["curriculum"].get("mixture")
    if mixture is None:
        return sgd.active_teachers(document, net)
    shares = np.cumsum(mixture[0]["probabilities"])
    return np.searchsorted(shares[:-1], rng.random(len(net.h)), side="right")


def train(document, net, rng):
    """One step of gradient descent; every change comes from the old values."""
    (S, K, N), training = net.W.shape, document["training"]
    active, batch = tasks(document, net, rng), training["batch_size"]
    every, head, decay = np.arange(S), sgd.heads(document, active), training["weight_decay"] / N
    g, dg = (each[document["student"]["activation"]] for each in (G, DG))
    h, pull, inputs, dh = net.h[every, head], [], [], -decay * net.h[every, head]
    for _ in range(batch):
        x, label = draw(document, net, active, rng)
        field = sgd.fields(net.W, x)
        error = ((h * g(field)).sum(axis=1) - label)[:, None] / batch
        pull.append(error * h * dg(field))
        dh -= training["readout_learning_rate"] / N * error * g(field)
        inputs.append(x)
    if "features" in training["train"]:
        moves = sgd.moving(document, K)[active]
        pull = -training["learning_rate"] / math.sqrt(N) * moves[:, :, None] * np.stack(pull, axis=2)
        net.W = net.W * (1 - decay * moves)[:, :, None] + pull @ np.stack(inputs, axis=1)
    if "readouts" in training["train"]:
        net.h[every, head] += dh


def draw(document, net, active, rng):
    """Inputs as the student sees them, (S, N), and noisy labels, (S,)."""
    every, teachers = np.arange(len(active)), document["teachers"]
    label_noise, input_noise = (np.array(teachers[key])[active] for key in ("output_noise", "input_noise"))
    z = rng.normal(size=(len(active), net.X.shape[1]))
    responses = G[teachers["activation"]](sgd.fields(net.V[every, active], z @ net.Z.T))
    label = (net.v[every, active] * responses).sum(axis=1) + label_noise * rng.normal(size=len(active))
    noise = input_noise[:, None] * rng.normal(size=(len(active), len(net.X)))
    return z @ net.X.T + noise, label


def switch(document, net, step):
    """The curriculum of `sgd`, whose errors are those of independent inputs."""
    N, rule = document["inputs"]["dimension"], document["curriculum"]
    if step in [round(time * N) for time in rule.get("switch_times", [])]:
        sgd.move_on(document, net, net.phase >= 0, step / N)
    thresholds = np.array([*rule.get("thresholds", []), 0.0])
    if step % max(1, round(N / sgd.LOOKS_PER_UNIT_OF_TIME)):
        return
    for _ in thresholds[1:]:
        errors = measure(document, net)["generalisation_error"]
        error = errors[np.arange(len(net.h)), sgd.active_teachers(document, net)]
        sgd.move_on(document, net, error < thresholds[np.minimum(net.phase, len(thresholds) - 1)], step / N)


def covariances(rows, X):
    """Covariances of the fields of rows (S, F, n) with inputs X z."""
    return fields_of(rows, X) @ fields_of(rows, X).swapaxes(1, 2)


def fields_of(rows, X):
    """Coefficients (S, F, n) of the fields in z."""
    return rows @ X / math.sqrt(len(X))


def measure(document, net):
    S, P, M, _ = net.V.shape
    student, teachers = fields_of(net.W, net.X), fields_of(net.V.reshape(S, P * M, -1), net.Z)
    R, errors = student @ teachers.swapaxes(1, 2), []
    for p in range(P):
        rows = np.concatenate([student, teachers[:, p * M : (p + 1) * M]], axis=1)
        c = np.concatenate([net.h[:, p % net.h.shape[1]], -net.v[:, p]], axis=1)
        means = sgd.mean_products(document["student"]["activation"], rows @ rows.swapaxes(1, 2))
        errors.append(0.5 * (c[:, :, None] * means * c[:, None]).sum(axis=(1, 2)))
    return {
        "generalisation_error": np.maximum(np.stack(errors, axis=1), 0.0),
        "student_overlaps": student @ student.swapaxes(1, 2),
        "student_weight_overlaps": net.W @ net.W.swapaxes(1, 2) / net.W.shape[-1],
        "student_teacher_overlaps": R.reshape(S, -1, P, M).swapaxes(1, 2),
        "student_readouts": net.h.copy(),
    }
