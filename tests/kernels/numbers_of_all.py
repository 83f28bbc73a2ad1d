"""Print digests of numbers that all kernels make, as JSON; to be run in a process of its own.

python numbers_of_all.py [NAME...]: in the order of the names given, otherwise all.
"""

import hashlib
import json
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

import numpy as np
from numba.core.dispatcher import Dispatcher

from teacherstudent import kernels, parse_spec
from teacherstudent.analysis import (
    fixed_point,
    long_time_state,
    optimal_reward_rate,
    reward_fixed_points,
)
from teacherstudent.kernels.maths import generalisation
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
OPTIMAL = {"learning_rate": "optimal", "length": "optimal"}
LINEAR_UNITS = {"student": {"hidden": 4, "activation": "linear"}, "training": {"learning_rate": 0.1}}
REPLAY = {"curriculum": {"switch_times": [3.0], "replay": {"fraction": 0.3}}}
BUFFER = {"curriculum": {"switch_times": [3.0], "replay": {"fraction": 0.3, "buffer": 5}}}
# With all engines: several tasks in a stage, anchors, importances, and teachers that move.
EWC = {"kind": "ewc", "strength": 1.0, "fisher_samples": 20}
INTERVENTIONS = REPLAY | {
    "teachers": {"count": 2, "hidden": 3, "drift": 0.1},
    "training": {"learning_rate": 0.5, "consolidation": EWC},
}
LATENTS = {"distribution": "hidden_manifold", "manifold": {"latent_dimension": 20}}
MANIFOLD = {"inputs": {"dimension": 40, **LATENTS}}
BLOCKS = {"latent_dimension": 10, "projection": "orthogonal", "tasks": "interpolated", "similarity": 0.5}
ALIGNED = {"inputs": {"dimension": 40, "distribution": "hidden_manifold", "manifold": BLOCKS}}
ROTATION = {"teachers": {"count": 2, "hidden": 3, "rotation": {"teacher": 1, "towards": 0, "rate": 0.2}}}
FEW = {"teachers": {"hidden": 1, "activation": "tanh"}, "student": {"hidden": 2, "activation": "sigmoid"}}
SQUARE = "def activation(x):\n    return x * x\n\n\ndef derivative(x):\n    return 2.0 * x\n"
DEEP = {"student": {"hidden": 2, "layers": 2}, "teachers": {"count": 2, "hidden": 1, "output_noise": None}}
CLUSTERS = {
    "inputs": {"dimension": 40, "distribution": "mixture", "clusters": {"means": "xor"}},
    "teachers": {"count": 2, "hidden": 1, "output_noise": None},
}
# Entries that only tests call.
FOR_TESTS = (
    "chain.recursion.advance",
    "ode.interventions.rate_of_change",
    "ode.tasks.rate_of_change",
    "ode.deep.rate_of_change",
)


def spec(**blocks):
    """Return SPEC with some keys of its blocks changed; None leaves a key out."""
    document = {key: dict(value) if isinstance(value, dict) else value for key, value in SPEC.items()}
    for name, block in blocks.items():
        document[name] = {**document.get(name, {}), **block}
        document[name] = {key: value for key, value in document[name].items() if value is not None}
    return parse_spec(document)


def run(engine, threads=2, runs=2, **blocks):
    """Return the arrays of two or more runs; in one thread those of engine ode are in one batch."""
    found = simulate_runs(spec(**blocks), engine, 0, runs, threads)
    return [array for trajectory in found for array in vars(trajectory).values()]


def signs(loss, K=2, **others):
    """Return blocks of labels that are signs of teachers with two units."""
    margin = {"margin": 0.5} if loss == "hinge" else {}
    return {
        "teachers": {"hidden": 2, "labels": "sign", "output_noise": None, "label_flips": 0.1},
        "student": {"hidden": K, **others},
        "training": {"loss": loss, **margin},
    }


def rewards(schedule=None):
    """Return blocks of the reward rule."""
    reward = {"condition": "all"} if schedule else {"condition": "per_step", "bonus": 0.2}
    episode = {"length": 4, "reward": reward} | ({"schedule": schedule} if schedule else {})
    return {
        "teachers": {"hidden": 1, "output_noise": None},
        "student": {"hidden": 1, "activation": "linear", "initial": {"weights_std": 1.0}},
        "training": {"rule": "reward", "train": ["features"], "episode": episode},
    }


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
    return found


def own_units():
    """Return the arrays of runs with the activation of a file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "square.py"
        file.write_text(SQUARE)
        student = {"hidden": 1, "activation": "custom", "activation_file": str(file)}
        return run("ode", teachers={"hidden": 1, "activation": "erf"}, student=student)


def fixed_points():
    """Return a fixed point with its eigenvalues, and what a plateau is found to be."""
    committee = parse_spec(COMMITTEE)
    point = fixed_point(committee, long_time_state(committee))
    found = [*point.state, point.generalisation_error, point.eigenvalues, np.array(point.residual)]
    blocks = rewards()
    reward = {"condition": "all", "penalty": 1.0}
    blocks["training"]["episode"] = {"length": 4, "reward": reward}
    one = {"teachers": blocks["teachers"] | {"count": 1}, "curriculum": {"switch_times": None}}
    found += [each.eigenvalues for each in reward_fixed_points(spec(**blocks | one))]
    reward["penalty"] = 0.0
    return [*found, np.array(optimal_reward_rate(spec(**blocks | one), 0.5))]


NUMBERS = {
    "errors": errors,
    "network": lambda: run("network"),
    "network, single precision": lambda: run("network", **SINGLE),
    "network, a threshold": lambda: run("network", **THRESHOLD),
    "network, a finite set": lambda: run("network", inputs={"dimension": 40, "samples": 50}),
    "network, wide": lambda: run("network", student={"hidden": 200}),
    "network, interventions": lambda: run("network", **INTERVENTIONS),
    "network, stored inputs": lambda: run("network", **BUFFER),
    "network, a hidden manifold": lambda: run("network", **REPLAY, **MANIFOLD),
    "chain": lambda: run("chain"),
    "chain, a threshold": lambda: run("chain", **THRESHOLD),
    "chain, groups of inputs": lambda: run("chain", **THRESHOLD, **GROUPS),
    "chain, interventions": lambda: run("chain", **INTERVENTIONS),
    "chain, a rotation": lambda: run("chain", **ROTATION),
    "network, rewards": lambda: run("network", **rewards()),
    "network, rewards on schedule": lambda: run("network", **rewards(OPTIMAL)),
    "chain, rewards": lambda: run("chain", **THRESHOLD, **rewards()),
    "ode, rewards": lambda: run("ode", **THRESHOLD, **rewards()),
    "ode": lambda: run("ode"),
    "ode, other units": lambda: run("ode", **LINEAR_UNITS),
    "ode, interventions": lambda: run("ode", **INTERVENTIONS),
    "ode, runs side by side": lambda: run("ode", threads=1, runs=3),
    "ode, interventions side by side": lambda: run("ode", threads=1, runs=3, **INTERVENTIONS),
    "ode, projections side by side": lambda: run("ode", threads=1, runs=3, **REPLAY, **ALIGNED),
    "ode, a hidden manifold": lambda: run("ode", **REPLAY, **MANIFOLD),
    "ode, a hinge loss": lambda: run("ode", **signs("hinge")),
    "ode, a logistic loss": lambda: run("ode", **signs("logistic")),
    "ode, units by sums": lambda: run("ode", **FEW),
    "ode, units of a file": own_units,
    "chain, a logistic loss": lambda: run("chain", **signs("logistic", K=4), **THRESHOLD),
    "network, a hinge loss": lambda: run("network", **signs("hinge", activation="relu")),
    "network, clusters": lambda: run("network", **CLUSTERS),
    "chain, clusters": lambda: run("chain", **CLUSTERS),
    "network, two layers": lambda: run("network", **DEEP),
    "chain, two layers": lambda: run("chain", **DEEP),
    "ode, two layers": lambda: run("ode", **DEEP),
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
