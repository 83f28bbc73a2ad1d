"""Online SGD of real weights with interventions in plain numpy, all replicas of a spec side by side.

The oracle for mixtures, replay, deficits, schedules, anchors and moving teachers. It reads the document of a
spec, which must name every key that is read here, and uses nothing of the package. A leading axis counts the
replicas: W (S, K, N), h (S, H, K), V (S, P, M, N), v (S, P, M). With `wrong` it has one defect, by name.
"""

import math

import numpy as np

from naive.replica_networks import sample
from naive.sgd import DG, G, fields, measure, teacher_overlaps

INFINITY = float("inf")


def simulate(document, replicas, seed, wrong=None):
    """Order parameters, errors and what interventions record, (replicas, times, ...) by name."""
    rng, N = np.random.default_rng(seed), document["inputs"]["dimension"]
    net = sample(document, replicas, rng)
    net.first_V, net.centres, net.importances = net.V.copy(), net.W.copy(), []
    net.weights, net.path = np.zeros((2, *net.W.shape[:2]))
    net.wrong, net.lengths = wrong, np.linalg.norm(net.V, axis=-1, keepdims=True)
    due, rows = [round(time * N) for time in document["record"]["times"]], []
    for step in range(due[-1] + 1):
        if step in due and step < due[-1]:
            rows.append(recorded(document, net))
        if step == due[-1]:
            break
        before, now = main_task(document, step - 1), main_task(document, step)
        if step > 0 and before != now:
            consolidate(document, net, before, switches_before(document, step))
        train(document, net, step, rng)
        move_teachers(document, net, step, rng)
    rows.append(recorded(document, net))
    history = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    if "consolidation" in document["training"]:
        history["importances"] = np.stack(net.importances, axis=1)
    return history


def recorded(document, net):
    N = net.W.shape[-1]
    row = measure(document, net)
    moving = any(document["teachers"].get("drift", [])) or "rotation" in document["teachers"]
    if moving:
        row["teacher_overlaps_in_time"] = teacher_overlaps(net.V)
    if "consolidation" in document["training"] or document["record"].get("movement"):
        row["anchor_overlaps"] = net.W @ net.centres.swapaxes(1, 2) / N
        row["anchor_norms"] = (net.centres**2).sum(axis=2) / N
    return row


# Which task


def switches_before(document, step):
    """The number of switches up to a step, including one at it."""
    return sum(main_task(document, s) != main_task(document, s + 1) for s in range(step))


def main_task(document, step):
    """The main task of a step: that with the largest probability, or the next teacher after each switch."""
    rule, N = document["curriculum"], document["inputs"]["dimension"]
    if "mixture" in rule:
        return int(np.argmax(mixture(rule["mixture"], step, N)))
    order = rule.get("order", range(document["teachers"]["count"]))
    count = sum(step >= round(time * N) for time in rule.get("switch_times", []))
    return order[count % len(order)]


def mixture(pieces, step, N):
    return next(
        p["probabilities"]
        for p in pieces
        if step < round(p.get("until", INFINITY) * N if "until" in p else 1e18)
    )


def choose(document, step, count, rng):
    """The task of a step in each replica."""
    rule, N = document["curriculum"], document["inputs"]["dimension"]
    if "mixture" in rule:
        return rng.choice(document["teachers"]["count"], size=count, p=mixture(rule["mixture"], step, N))
    main, replay = main_task(document, step), rule.get("replay")
    starts = [round(time * N) for time in rule.get("switch_times", []) if step >= round(time * N)]
    if replay is None or not starts:
        return np.full(count, main)
    seen = [main_task(document, start - 1) for start in starts]
    old = [task for task in dict.fromkeys(seen) if task != main]
    if replay["of"] == "previous":
        old = [next(task for task in reversed(seen) if task != main)]
    if "interleave" in replay:
        new, length = replay["interleave"]["new"], replay["interleave"]["old"]
        turn, place = divmod(step - starts[-1], new + length)
        return np.full(count, main if place < new else old[turn % len(old)])
    share = replay["fraction"]
    share = share[len(starts) - 1] if isinstance(share, list) else share
    return np.where(rng.random(count) < share, rng.choice(old, size=count), main)


def setting(document, task, step):
    """The rates, noises, moving units and the teacher of the labels of a task in a step."""
    N, K, training, teachers = (
        document["inputs"]["dimension"],
        document["student"]["hidden"],
        document["training"],
        document["teachers"],
    )
    found = {
        "input_noise": teachers["input_noise"][task],
        "output_noise": teachers["output_noise"][task],
        "frozen_units": training["frozen_units"][task],
        "teacher": task,
        "eta": rate(training["learning_rate"], task, step, N),
        "eta_h": rate(training["readout_learning_rate"], task, step, N),
    }
    for window in training.get("deficits", []):
        if round(window.get("start", 0.0) * N) <= step < round(window["until"] * N):
            found |= {key: value for key, value in window.items() if key in found}
    found["moves"] = np.array([k not in found["frozen_units"] for k in range(K)]) * 1.0
    return found


def rate(value, task, step, N):
    if isinstance(value, list) and isinstance(value[0], dict):
        value = next(p["value"] for p in value if "until" not in p or step < round(p["until"] * N))
    return value[task] if isinstance(value, list) else value


# Training


def train(document, net, step, rng):
    tasks = choose(document, step, len(net.W), rng)
    if net.wrong == "one_task_for_all":
        tasks[:] = 0
    for task in np.unique(tasks):
        descend(document, net, np.flatnonzero(tasks == task), task, step, rng)


def descend(document, net, which, task, step, rng):
    """One step of gradient descent of some replicas; every change comes from the old values."""
    s, training, N = setting(document, task, step), document["training"], net.W.shape[2]
    decay, batch, moves = training["weight_decay"] / N, training["batch_size"], s["moves"][None, :, None]
    g, dg = G[document["student"]["activation"]], DG[document["student"]["activation"]]
    head = 0 if document["student"]["heads"] == "shared" else task
    W, h, centres = net.W[which], net.h[which, head], net.centres[which]
    gradient, dh = np.zeros_like(W), np.zeros_like(h)
    replayed = "replay" in document["curriculum"] and task != main_task(document, step)
    fidelity = document["curriculum"]["replay"]["fidelity"] if replayed else 1.0
    for _ in range(batch):
        x = rng.normal(size=(len(which), N))
        own = net.V[which, s["teacher"]]
        label = (net.v[which, s["teacher"]] * G[document["teachers"]["activation"]](fields(own, x))).sum(
            axis=1
        )
        label += s["output_noise"] * rng.normal(size=len(which))
        seen = fidelity * x + math.sqrt(1 - fidelity**2) * rng.normal(size=x.shape) if fidelity < 1 else x
        seen = seen + s["input_noise"] * rng.normal(size=x.shape)
        field = fields(W, seen)
        error = ((h * g(field)).sum(axis=1) - label)[:, None] / batch
        gradient += (error * h * dg(field))[:, :, None] * seen[:, None]
        dh += error * g(field)
    kappa = (s["eta"] * net.weights[which] * s["moves"] / N)[:, :, None]
    new = W - s["eta"] / math.sqrt(N) * moves * gradient - decay * moves * W
    if training.get("consolidation", {}).get("step", "explicit") == "explicit":
        new -= kappa * (W - centres)
    else:
        new = (new + kappa * centres) / (1 + kappa)
    net.W[which] = new
    squares = (gradient**2).mean(axis=2)
    if net.wrong == "square_of_mean":
        squares = gradient.mean(axis=2) ** 2
    net.path[which] += s["eta"] / N * s["moves"] * squares
    if "readouts" in training["train"]:
        net.h[which, head] -= s["eta_h"] / N * dh + decay * h


# Anchors


def consolidate(document, net, task, count):
    """Importances for the old task, and the penalties from now on."""
    rule = document["training"].get("consolidation")
    if rule is None:
        net.centres = net.W.copy()
        return
    found = importances(document, net, task, rule["kind"])
    strength = rule["strength"]
    added = (strength[count - 1] if isinstance(strength, list) else strength) * found
    old = net.weights if rule.get("anchors", "sum") == "sum" else 0.0 * net.weights
    total = old + added
    mean = (old[..., None] * net.centres + added[..., None] * net.W) / np.where(total > 0, total, 1)[
        ..., None
    ]
    net.centres = np.where(total[..., None] > 0, mean, net.W)
    net.weights = total
    net.path[:] = 0.0
    net.importances.append(found)


def importances(document, net, task, kind, count=200_000):
    """The importance of each unit; the mean over inputs of `ewc` is that of many samples of fields."""
    head = net.h[:, 0 if document["student"]["heads"] == "shared" else task]
    if kind == "path_integral":
        return net.path.copy()
    if kind in ("quadratic", "node"):
        return np.ones_like(head) if kind == "quadratic" else head**2
    rows = np.concatenate([net.W, net.V[:, task]], axis=1)
    K, z = net.W.shape[1], np.random.default_rng(1).normal(size=(rows.shape[1], count // 10))
    found = np.empty_like(head)
    for s, C in enumerate(rows @ rows.swapaxes(1, 2) / rows.shape[2]):
        values, vectors = np.linalg.eigh(C)
        x = (vectors * np.sqrt(np.maximum(values, 0.0))) @ z
        d = head[s] @ G[document["student"]["activation"]](x[:K])
        d -= net.v[s, task] @ G[document["teachers"]["activation"]](x[K:])
        found[s] = head[s] ** 2 * (d**2 * DG[document["student"]["activation"]](x[:K]) ** 2).mean(axis=1)
    return found


# Moving teachers


def move_teachers(document, net, step, rng):
    """Drift and rotation after a step."""
    N, teachers = net.W.shape[2], document["teachers"]
    for p, delta in enumerate(teachers.get("drift", [])):
        if delta > 0:
            delta = 1.3 * delta if net.wrong == "drift_rate" else delta
            keep, B, length = 1 - delta / N, net.V[:, p], net.lengths[:, p]
            noise = rng.normal(size=B.shape)
            if net.wrong == "drift_in_the_frame":
                noise = within(noise, np.concatenate([net.V.reshape(len(B), -1, N), net.W], axis=1))
            B = keep * B + math.sqrt(1 - keep**2) * length * noise / math.sqrt(N)
            net.V[:, p] = B * length / np.linalg.norm(B, axis=-1, keepdims=True)
    if "rotation" in teachers:
        rule = teachers["rotation"]
        p, q = rule["teacher"], rule["towards"]
        u, other = net.first_V[:, p], net.first_V[:, q]
        square = (u**2).sum(axis=-1, keepdims=True)
        away = other - (u * other).sum(axis=-1, keepdims=True) / square * u
        away *= np.sqrt(square) / np.linalg.norm(away, axis=-1, keepdims=True)
        start, end = (round(rule[key] * N) for key in ("start", "until"))
        angle = rule["rate"] / N * (min(max(step + 1, start), end) - start)
        net.V[:, p] = math.cos(angle) * u + math.sin(angle) * away


def within(noise, rows):
    """The part of the noise in the span of rows (S, F, N), with the length that the whole would have."""
    basis = np.linalg.qr(rows.swapaxes(1, 2))[0].swapaxes(1, 2)
    inside = (noise @ basis.swapaxes(1, 2)) @ basis
    return (
        inside
        * np.linalg.norm(noise, axis=-1, keepdims=True)
        / np.linalg.norm(inside, axis=-1, keepdims=True)
    )
