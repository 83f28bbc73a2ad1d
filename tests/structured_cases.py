"""Documents with structured inputs that several test modules use."""

from copy import deepcopy

MANIFOLD = {"latent_dimension": 30}
# A small document of each kind of structured inputs.
KINDS = {
    "levels": {
        "distribution": "correlated",
        "covariance": {"spectrum": "levels", "values": [1.6, 0.4], "fractions": [0.5, 0.5]},
    },
    "power_law": {
        "distribution": "correlated",
        "covariance": {"spectrum": "power_law", "exponent": 0.5},
    },
    "manifold": {"distribution": "hidden_manifold", "manifold": MANIFOLD},
    "manifold_inputs": {
        "distribution": "hidden_manifold",
        "manifold": MANIFOLD | {"labels_from": "inputs"},
    },
    "orthogonal": {"distribution": "hidden_manifold", "manifold": MANIFOLD | {"projection": "orthogonal"}},
    "interpolated": {
        "distribution": "hidden_manifold",
        "manifold": MANIFOLD | {"tasks": "interpolated", "similarity": [0.6]},
    },
    "orthogonal_tasks": {
        "distribution": "hidden_manifold",
        "manifold": MANIFOLD | {"projection": "orthogonal", "tasks": "interpolated", "similarity": [0.6]},
    },
    "subspaces": {
        "distribution": "hidden_manifold",
        "manifold": MANIFOLD | {"tasks": "subspaces", "similarity": [0.6]},
    },
    "generator": {"distribution": "generator", "generator": {"layers": [30, 30, 128]}},
}


def structured(kind, **changes):
    """Return a document with two teachers of two units, and blocks replaced or extended by `changes`."""
    document = {
        "inputs": {"dimension": 128} | deepcopy(KINDS[kind]),
        "teachers": {"count": 2, "hidden": 2, "features": {"relation": "rotated", "similarity": 0.3}},
        "student": {"hidden": 2, "initial": {"weights_std": 1.0, "readouts_std": 0.5}},
        "training": {"learning_rate": 0.2},
        "curriculum": {"switch_times": [2.0]},
        "duration": 4.0,
        "record": {"count": 9},
    }
    for block, values in changes.items():
        document[block] = document.get(block, {}) | values if isinstance(values, dict) else values
    return document
