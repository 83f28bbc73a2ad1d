"""Print digests of numbers that all kernels make, as JSON; to be run in a process of its own.

python numbers_of_all.py [NAME...]: in the order of the names given, otherwise all.
"""

import hashlib
import json
import sys
from importlib import import_module
from pkgutil import walk_packages

import numpy as np
from numba.core.dispatcher import Dispatcher

from teacherstudent import kernels, parse_spec
from teacherstudent.analysis import fixed_point, long_time_state, optimal_reward_rate
from teacherstudent.kernels.maths import generalisation, sums
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU
from teacherstudent.simulation.runs import simulate_runs

SPEC = {
    "inputs": {"dimension": 40},
    "teachers": {"count": 2, "hidden": 3, "output_noise": [0.1, 0.1]},
    "student": {"hidden": 4},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [3.0]},
    "duration": 6.0,
    "record": {"count": 40},
}
COMMITTEE = {
    "inputs": {"dimension": 500},
    "teachers": {"count": 1, "hidden": 2, "output_noise": [0.1]},
    "student": {"hidden": 4},
    "training": {"learning_rate": 0.5, "weight_decay": 0.001},
    "duration": 200.0,
}
THRESHOLD = {"curriculum": {"switch_times": None, "thresholds": [0.3, 0.3]}}
SINGLE = {"numerics": {"precision": "float32"}}
LEVELS = {"spectrum": "levels", "values": [1.5, 0.5], "fractions": [0.5, 0.5]}
GROUPS = {"inputs": {"distribution": "correlated", "covariance": LEVELS}}
LINEAR_UNITS = {"student": {"hidden": 4, "activation": "linear"}, "training": {"learning_rate": 0.1}}
REPLAY = {"curriculum": {"switch_times": [3.0], "replay": {"fraction": 0.3}}}
# With all engines: several tasks in a stage, anchors, importances, and teachers that move.
EWC = {"kind": "ewc", "strength": 1.0, "fisher_samples": 20}
INTERVENTIONS = REPLAY | {
    "teachers": {"count": 2, "hidden": 3, "drift": 0.1},
    "training": {"learning_rate": 0.5, "consolidation": EWC},
}
LATENTS = {"distribution": "hidden_manifold", "manifold": {"latent_dimension": 20}}
MANIFOLD = {"inputs": {"dimension": 40, **LATENTS}}
ROTATION = {"teachers": {"count": 2, "hidden": 3, "rotation": {"teacher": 1, "towards": 0, "rate": 0.2}}}
REWARDS = {
    "teachers": {"count": 2, "hidden": 1, "activation": "linear", "output_noise": None},
    "student": {"hidden": 1, "activation": "linear"},
    "training": {
        "learning_rate": 0.5,
        "rule": "reward",
        "train": ["features"],
        "episode": {"length": 3, "reward": {"condition": "all"}, "schedule": {"learning_rate": "optimal"}},
    },
}
# Labels that are signs: losses whose means are integrals up to a margin, and integrals of smooth functions.
LOSSES = {"hinge": {"loss": "hinge", "margin": 0.5}, "logistic": {"loss": "logistic"}}


def signs(loss):
    """Return a short run with two thresholds on labels that are signs."""
    return {
        "teachers": {"count": 2, "hidden": 2, "output_noise": None, "labels": "sign"},
        "student": {"hidden": 2},
        "training": {"learning_rate": 0.2} | LOSSES[loss],
        "curriculum": {"switch_times": None, "thresholds": [10.0, 10.0]},
        "duration": 0.5,
    }


# Entries that only tests call.
FOR_TESTS = (
    "chain.recursion.advance",
    "ode.interventions.rate_of_change",
    "ode.tasks.rate_of_change",
    "ode.rewards.rate_of_rewards",
)


def spec(**blocks):
    """Return SPEC with other values, or with some keys of its blocks changed; None leaves a key out."""
    document = {key: dict(value) if isinstance(value, dict) else value for key, value in SPEC.items()}
    for name, block in blocks.items():
        if not isinstance(block, dict):
            document[name] = block
            continue
        document[name] = {**document.get(name, {}), **block}
        document[name] = {key: value for key, value in document[name].items() if value is not None}
    return parse_spec(document)


def run(engine, threads=2, **blocks):
    """Return the arrays of two runs, side by side."""
    found = simulate_runs(spec(**blocks), engine, 0, 2, threads)
    return [array for trajectory in found for array in vars(trajectory).values()]


def errors():
    """Return errors for random overlaps, small and large."""
    found = []
    for K, M in ((1, 1), (2, 3), (4, 5), (30, 2)):
        rows = np.random.default_rng(K).standard_normal((50, K + M, 60)) / np.sqrt(60)
        C = np.einsum("rin,rjn->rij", rows, rows)
        Q, R, T, h, v = C[:, :K, :K], C[:, :K, K:], C[0, K:, K:], rows[:, :1, :K], rows[0, :1, -M:]
        parts = [np.ascontiguousarray(part) for part in (Q, R, T, h, v)]
        for student, teacher in ((ERF, ERF), (LINEAR, ERF), (RELU, RELU)):
            found.append(generalisation.generalisation_errors_of_records(student, teacher, *parts))
        found.append(sums.activities(ERF, rows.ravel()))
    return found


def fixed_points():
    """Return a fixed point with its eigenvalues, and what a plateau is found to be."""
    committee = parse_spec(COMMITTEE)
    point = fixed_point(committee, long_time_state(committee))
    return [*point.state, point.generalisation_error, point.eigenvalues, np.array(point.residual)]


NUMBERS = {
    "errors": errors,
    "network": lambda: run("network"),
    "network, single precision": lambda: run("network", **SINGLE),
    "network, a threshold": lambda: run("network", **THRESHOLD),
    "network, a finite set": lambda: run("network", inputs={"dimension": 40, "samples": 50}),
    "network, wide": lambda: run("network", student={"hidden": 200}),
    "network, interventions": lambda: run("network", **INTERVENTIONS),
    "network, a hidden manifold": lambda: run("network", **REPLAY, **MANIFOLD),
    "chain": lambda: run("chain"),
    "chain, a threshold": lambda: run("chain", **THRESHOLD),
    "chain, groups of inputs": lambda: run("chain", **THRESHOLD, **GROUPS),
    "chain, interventions": lambda: run("chain", **INTERVENTIONS),
    "chain, a rotation": lambda: run("chain", **ROTATION),
    "chain, rewards": lambda: run("chain", **REWARDS),
    "chain, rewards and thresholds": lambda: run("chain", **REWARDS, **THRESHOLD),
    "ode": lambda: run("ode"),
    "ode, other units": lambda: run("ode", **LINEAR_UNITS),
    "ode, interventions": lambda: run("ode", **INTERVENTIONS),
    "ode, a hidden manifold": lambda: run("ode", **REPLAY, **MANIFOLD),
    "ode, rewards": lambda: [*run("ode", **REWARDS), np.array(optimal_reward_rate(spec(**REWARDS), 0.3))],
    "ode, signs and hinge": lambda: run("ode", **signs("hinge")),
    "ode, signs and logistic": lambda: run("ode", **signs("logistic")),
    "fixed points": fixed_points,
}


def digest(arrays):
    """Return the digest of the bits of all arrays; other things do not count."""
    parts = [array.tobytes() for array in arrays if isinstance(array, np.ndarray)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def entries():
    """Return all functions of kernels that Python calls, by name, without those for tests."""
    listed = walk_packages(kernels.__path__, f"{kernels.__name__}.")
    modules = [import_module(module.name) for module in listed]
    every = {f"{module.__name__}.{name}": value for module in modules for name, value in vars(module).items()}
    return {
        name: value
        for name, value in every.items()
        if isinstance(value, Dispatcher) and value.targetoptions.get("nogil") and not name.endswith(FOR_TESTS)
    }


if __name__ == "__main__":
    digests = {name: digest(NUMBERS[name]()) for name in sys.argv[1:] or NUMBERS}
    unused = [name for name, function in entries().items() if not function.signatures]
    compiled = sum(sum(function.stats.cache_misses.values()) for function in entries().values())
    json.dump({"digests": digests, "unused": unused, "compiled": compiled}, sys.stdout)
