"""Online SGD with replay, mixtures, consolidation, moving teachers, deficits and schedules, in plain numpy.

The oracle for the steps of engine `network`. It reads the document of a spec and takes the random numbers
from functions, so that it makes the same steps from the same inputs.
"""

import math
from types import SimpleNamespace

import numpy as np

from naive import DG, G


def simulate(document, W, h, V, v, draws):
    """Everything at the end of a run: weights, anchors, penalties, importances.

    `draws` has functions of random numbers: inputs(step, b), input_noise(step, b), label_noise(step, b),
    forgotten(step, b), uniform(step), drift(step, p, m), fisher(sample, switch) and choice(step, count).
    pair(step, b, task), if there is one, replaces inputs: inputs of a task, and what its teacher sees.
    """
    N, training = W.shape[1], document["training"]
    run = SimpleNamespace(W=W.copy(), h=h.copy(), V=V.copy(), v=v, N=N, began=0, seen={}, buffers={})
    run.anchors, run.task_weights, run.importances = W.copy(), W.copy(), []
    each = training.get("consolidation", {}).get("importances") == "weights"
    run.penalties = np.zeros_like(W) if each else np.zeros((len(W), 1))
    run.path, run.past = np.zeros_like(W), [0]
    run.start, run.lengths = V.copy(), np.linalg.norm(V, axis=2)
    switches = [round(time * N) for time in switch_times(document)]
    for step in range(round(document["duration"] * N)):
        if step in switches:
            switch(document, run, draws)
            run.past.append(len(run.past) % len(V))
            run.began = step
        train(document, run, draws, step)
        move_teachers(document, run, draws, step)
    return run


def switch_times(document):
    """Given times, or those at which the most probable task of a mixture changes."""
    pieces = document["curriculum"].get("mixture")
    if pieces is None:
        return document["curriculum"]["switch_times"]
    main = [int(np.argmax(piece["probabilities"])) for piece in pieces]
    return [piece["until"] for piece, a, b in zip(pieces, main, main[1:], strict=False) if a != b]


def piece_at(pieces, time, key):
    return next(piece[key] for piece in pieces if time < piece.get("until", math.inf))


def rate(given, teacher, time):
    """A number, one per teacher, or a schedule of them."""
    if isinstance(given, list) and isinstance(given[0], dict):
        given = piece_at(given, time, "value")
    return given[teacher] if isinstance(given, list) else given


def task_of(document, run, draws, step):
    """The task of a step: of a mixture, or the present one and earlier ones."""
    rule, P = document["curriculum"], len(run.V)
    if "mixture" in rule:
        shares = list(piece_at(rule["mixture"], (step + 0.5) / run.N, "probabilities"))
        order = sorted(range(P), key=lambda p: p != run.past[-1])
    else:
        order = [run.past[-1], *dict.fromkeys(p for p in run.past[:-1] if p != run.past[-1])]
        replay = rule.get("replay")
        if replay is None or len(order) == 1:
            return order[0]
        if replay.get("of", "previous") == "previous":
            order = [order[0], [p for p in run.past if p != order[0]][-1]]
        if "interleave" in replay:
            new, old = replay["interleave"]["new"], replay["interleave"]["old"]
            turn, index = divmod(step - run.began, new + old)
            return order[0] if index < new else order[1 + turn % (len(order) - 1)]
        shares, fraction = np.zeros(P), replay["fraction"]
        fraction = fraction[len(run.past) - 2] if isinstance(fraction, list) else fraction
        shares[order[0]] = 1 - fraction
        shares[order[1:]] = fraction / (len(order) - 1)
    order = [p for p in order if shares[p] > 0]
    u = draws.uniform(step)
    for p in order:
        u -= shares[p]
        if u < 0:
            return p
    return order[-1]


def deficit(document, name, time, usual):
    for window in document["training"].get("deficits", []):
        if name in window and window["start"] <= time < window.get("until", math.inf):
            return window[name]
    return usual


def samples(document, run, draws, step, task):
    """Inputs as the student sees them and labels with noise, of one step."""
    teachers, batch = document["teachers"], document["training"].get("batch_size", 1)
    replay, time = document["curriculum"].get("replay", {}), (step + 0.5) / run.N
    if task != run.past[-1] and "buffer" in replay:
        X, y = run.buffers[task]
        return [(X[i], y[i]) for i in draws.choice(step, len(X))]
    labels, found = deficit(document, "teacher", time, task), []
    fidelity = 1.0 if task == run.past[-1] else replay.get("fidelity", 1.0)
    for b in range(batch):
        x, seen = draws.pair(step, b, task) if hasattr(draws, "pair") else [draws.inputs(step, b)] * 2
        label = run.v[labels] @ G["erf"](run.V[labels] @ seen / math.sqrt(len(seen)))
        label += deficit(document, "output_noise", time, teachers.get("output_noise", [0] * 9)[task]) * (
            draws.label_noise(step, b)
        )
        if fidelity < 1:
            x = fidelity * x + math.sqrt(1 - fidelity**2) * draws.forgotten(step, b)
        noise = deficit(document, "input_noise", time, teachers.get("input_noise", [0] * 9)[task])
        found.append((x + noise * draws.input_noise(step, b), label))
    run.seen.setdefault(task, []).extend(found)
    return found


def train(document, run, draws, step):
    """One step, in which every change comes from the old values."""
    training, N, time = document["training"], run.N, (step + 0.5) / run.N
    task = task_of(document, run, draws, step)
    head, decay = task % len(run.h), training.get("weight_decay", 0.0)
    frozen = deficit(document, "frozen_units", time, training.get("frozen_units", [[]] * 9)[task])
    moving = np.array([k not in frozen for k in range(len(run.W))])[:, None] * 1.0
    eta = rate(training["learning_rate"], task, time)
    eta_h = rate(training.get("readout_learning_rate", training["learning_rate"]), task, time)
    data, h = samples(document, run, draws, step, task), run.h[head].copy()
    gradient, dh = np.zeros_like(run.W), -decay / N * h
    for x, label in data:
        field = run.W @ x / math.sqrt(N)
        error = h @ G["erf"](field) - label
        gradient += (error * h * DG["erf"](field))[:, None] * x / math.sqrt(N) / len(data)
        dh -= eta_h / N * error * G["erf"](field) / len(data)
    run.h[head] += dh
    move = -eta * moving * gradient
    run.path += -gradient * move
    step_of = move - moving * decay / N * run.W
    step_of -= moving * eta * training.get("l1", 0.0) / N * np.sign(run.W)
    kappa = eta * moving * run.penalties / N
    if training.get("consolidation", {}).get("step") == "proximal":
        run.W = (run.W + step_of + kappa * run.anchors) / (1 + kappa)
    else:
        run.W = run.W + step_of - kappa * (run.W - run.anchors)


def switch(document, run, draws):
    """What happens between the last step on a task and the next step."""
    block, old = document["training"].get("consolidation"), run.past[-1]
    replay, h = document["curriculum"].get("replay", {}), run.h[old % len(run.h)]
    if "buffer" in replay:
        X, y = zip(*run.seen[old][-replay["buffer"] :], strict=True)
        run.buffers[old] = np.array(X), np.array(y)
    run.seen = {}
    if block is None:
        run.anchors = run.W.copy()
        return
    b = importances(block, run, h, old, draws)
    if block.get("importances", "units") == "units":
        b = b.mean(axis=1, keepdims=True)
    strength, switches = block["strength"], len(run.importances)
    added = (strength[switches] if isinstance(strength, list) else strength) * b
    before = run.penalties * (block.get("anchors", "sum") == "sum")
    total = before + added
    safe = np.where(total > 0, total, 1.0)
    run.anchors = np.where(total > 0, (before * run.anchors + added * run.W) / safe, run.W)
    run.penalties = total
    run.importances.append(b.mean(axis=1))
    run.path[:], run.task_weights = 0.0, run.W.copy()


def importances(block, run, h, old, draws):
    """Importances of each weight for the task before a switch, (K, N)."""
    if block["kind"] == "quadratic":
        return np.ones_like(run.W)
    if block["kind"] == "node":
        return h[:, None] ** 2 * np.ones_like(run.W)
    if block["kind"] == "ewc":
        total, count = np.zeros_like(run.W), block["fisher_samples"]
        for i in range(count):
            x = draws.fisher(i, len(run.importances))
            field = run.W @ x / math.sqrt(run.N)
            error = h @ G["erf"](field) - run.v[old] @ G["erf"](run.V[old] @ x / math.sqrt(run.N))
            weights = block.get("importances") == "weights"  # units: the mean of x^2 for fresh inputs is 1
            total += ((error * h * DG["erf"](field))[:, None] * (x if weights else 1.0)) ** 2 / count
        return total
    if block["kind"] == "path_integral":
        return run.path.copy()
    return run.path / ((run.W - run.task_weights) ** 2 + block["normaliser"])


def move_teachers(document, run, draws, step):
    """Drift and rotation after a step."""
    teachers, N = document["teachers"], run.N
    drift = teachers.get("drift", 0.0)
    for p in range(len(run.V)):
        delta = drift[p] if isinstance(drift, list) else drift
        for m in range(run.V.shape[1]) if delta > 0 else ():
            left, length = 1 - delta / N, run.lengths[p, m]
            xi = draws.drift(step, p, m)
            row = left * run.V[p, m] + math.sqrt(1 - left**2) * length * xi / math.sqrt(N)
            run.V[p, m] = row * length / np.linalg.norm(row)
    turn = teachers.get("rotation")
    if turn is None or (step + 0.5) / N < turn["start"]:
        return
    for m in range(run.V.shape[1]):
        one, other = run.start[turn["teacher"], m], run.start[turn["towards"], m]
        two = other - one @ other / (one @ one) * one
        two *= np.linalg.norm(one) / np.linalg.norm(two)
        end = turn.get("until", math.inf)
        passed = (step + 1) / N - turn["start"]
        if end == "reached":
            largest = math.acos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
            angle = min(turn["rate"] * passed, largest)
        elif (step + 0.5) / N < end:
            angle = turn["rate"] * passed
        else:
            continue
        run.V[turn["teacher"], m] = math.cos(angle) * one + math.sin(angle) * two
