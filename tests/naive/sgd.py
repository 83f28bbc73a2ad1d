"""Online SGD of real weights in plain numpy, all replicas of a spec side by side.

The oracle for the laws of the engines: it reads the document of a spec, has its own random numbers and uses
nothing of the package. A leading axis counts the replicas: W (S, K, N), h (S, H, K), V (S, P, M, N),
v (S, P, M). The document must name every key that is read here.
"""

import math

import numpy as np
from scipy import special

from naive.classes import class_errors_of_one_unit, class_labels, slope
from naive.replica_networks import sample

G = {
    "linear": lambda x: x,
    "erf": lambda x: special.erf(x / math.sqrt(2)),
    "relu": lambda x: np.maximum(x, 0.0),
}
DG = {
    "linear": np.ones_like,
    "erf": lambda x: math.sqrt(2 / math.pi) * np.exp(-(x**2) / 2),
    "relu": lambda x: (x > 0) * 1.0,
}
LOOKS_PER_UNIT_OF_TIME = 100  # at the error, for a threshold


def simulate(document, replicas, seed):
    """Order parameters and errors at the recorded times, each of shape (replicas, times, ...), by name."""
    rng, N = np.random.default_rng(seed), document["inputs"]["dimension"]
    net = sample(document, replicas, rng)
    net.phase = np.zeros(replicas, dtype=int)
    net.switch_times = np.full((replicas, count_switches(document)), np.inf)
    due = [round(time * N) for time in document["record"]["times"]]
    rows = []
    for step in range(due[-1]):
        if step in due:
            rows.append(measure(document, net))
        switch(document, net, step)
        train(document, net, rng)
    rows.append(measure(document, net))
    history = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    teachers = {"teacher_overlaps": teacher_overlaps(net.V), "teacher_readouts": net.v}
    return history | teachers | {"switch_times": net.switch_times}


# Training


def train(document, net, rng):
    """One step of gradient descent; every change comes from the old values."""
    (S, K, N), training = net.W.shape, document["training"]
    every, active, batch = np.arange(S), active_teachers(document, net), training["batch_size"]
    head, decay = heads(document, active), training["weight_decay"] / N
    h, pull, inputs, dh = net.h[every, head], [], [], -decay * net.h[every, head]
    for _ in range(batch):
        seen, label = draw(document, net, active, rng)
        field = fields(net.W, seen)
        phi = (h * G[document["student"]["activation"]](field)).sum(axis=1)
        error = slope(training, phi, label)[:, None] / batch
        pull.append(error * h * DG[document["student"]["activation"]](field))
        dh -= training["readout_learning_rate"] / N * error * G[document["student"]["activation"]](field)
        inputs.append(seen)
    if "features" in training["train"]:
        moves = moving(document, K)[active]
        pull = -training["learning_rate"] / math.sqrt(N) * moves[:, :, None] * np.stack(pull, axis=2)
        net.W = net.W * (1 - decay * moves)[:, :, None] + pull @ np.stack(inputs, axis=1)
    if "readouts" in training["train"]:
        net.h[every, head] += dh


def draw(document, net, active, rng):
    """Inputs as the student sees them, (S, N), and noisy labels, (S,)."""
    every, teachers = np.arange(len(active)), document["teachers"]
    label_noise, input_noise = (np.array(teachers[key])[active] for key in ("output_noise", "input_noise"))
    x = rng.normal(size=(len(active), net.W.shape[2]))
    responses = G[teachers["activation"]](fields(net.V[every, active], x))
    label = (net.v[every, active] * responses).sum(axis=1) + label_noise * rng.normal(size=len(active))
    if "labels" in teachers:
        label = class_labels(teachers, active, label, rng)
    if input_noise.any():
        x += input_noise[:, None] * rng.normal(size=x.shape)
    return x, label


def fields(W, x):
    """W x / sqrt N."""
    return (W @ x[:, :, None])[:, :, 0] / math.sqrt(x.shape[1])


def moving(document, K):
    """1, or 0 for a frozen unit, shape (P, K)."""
    units = document["training"]["frozen_units"]
    return np.array([[k not in frozen for k in range(K)] for frozen in units]) * 1.0


# Curriculum: the teachers 0, 1, ... in turn


def count_switches(document):
    """How many switches there can be."""
    return len(document["curriculum"].get("switch_times", document["curriculum"].get("thresholds", [])))


def active_teachers(document, net):
    return net.phase % document["teachers"]["count"]


def heads(document, active):
    return active * 0 if document["student"]["heads"] == "shared" else active


def switch(document, net, step):
    """Move to the next teacher where that is due, more than once where one is below its threshold too."""
    N, rule = document["inputs"]["dimension"], document["curriculum"]
    if step in [round(time * N) for time in rule.get("switch_times", [])]:
        move_on(document, net, net.phase >= 0, step / N)
    thresholds = np.array([*rule.get("thresholds", []), 0.0])
    if step % max(1, round(N / LOOKS_PER_UNIT_OF_TIME)):
        return
    for _ in thresholds[1:]:
        error = errors(document, net)[np.arange(len(net.h)), active_teachers(document, net)]
        move_on(document, net, error < thresholds[np.minimum(net.phase, len(thresholds) - 1)], step / N)


def move_on(document, net, which, time):
    which = np.flatnonzero(which)
    old = heads(document, active_teachers(document, net))[which]
    net.switch_times[which, net.phase[which]] = time
    net.phase[which] += 1
    rule = document["student"]["copy_head_at_switch"]
    if rule == "first":  # teachers come in turn: later phases come back to one
        new = net.phase[which] < document["teachers"]["count"]
        which, old = which[new], old[new]
    if rule != "never":
        net.h[which, heads(document, active_teachers(document, net))[which]] = net.h[which, old]


# What is recorded


def measure(document, net):
    N = net.W.shape[-1]
    return {
        "generalisation_error": errors(document, net),
        "student_overlaps": net.W @ net.W.swapaxes(1, 2) / N,
        "student_teacher_overlaps": net.W[:, None] @ net.V.swapaxes(2, 3) / N,
        "student_readouts": net.h.copy(),
    }


def teacher_overlaps(V):
    """T (S, P, P, M, M)."""
    return V[:, :, None] @ V[:, None].swapaxes(3, 4) / V.shape[-1]


def errors(document, net):
    """1/2 <(student - teacher)^2> for every teacher, shape (S, P); one activation for both.

    With classes the classification errors of a student and teachers with one unit each, 0 for others.
    """
    if "labels" in document["teachers"]:
        return class_errors_of_one_unit(net.W, net.h, net.V, net.v)
    (_, P, _, N), total = net.V.shape, []
    for p in range(P):
        rows = np.concatenate([net.W, net.V[:, p]], axis=1)
        c = np.concatenate([net.h[:, p % net.h.shape[1]], -net.v[:, p]], axis=1)
        means = mean_products(document["student"]["activation"], rows @ rows.swapaxes(1, 2) / N)
        total.append(0.5 * (c[:, :, None] * means * c[:, None]).sum(axis=(1, 2)))
    return np.maximum(np.stack(total, axis=1), 0.0)


def mean_products(activation, C):
    """<g(x_a) g(x_b)> for Gaussian fields with covariances C (S, F, F)."""
    variances = np.diagonal(C, axis1=1, axis2=2)
    if activation == "linear":
        return C
    if activation == "erf":
        return 2 / math.pi * np.arcsin(C / np.sqrt((1 + variances[:, :, None]) * (1 + variances[:, None])))
    lengths = np.sqrt(variances[:, :, None] * variances[:, None])
    angles = np.arccos(np.clip(C / lengths, -1, 1))
    return lengths / (2 * math.pi) * (np.sin(angles) + (math.pi - angles) * np.cos(angles))
