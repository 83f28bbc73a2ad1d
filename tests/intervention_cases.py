"""Specs of engine `network` with interventions: three tasks with a head each, two switches."""

N = 40


def document(**changes):
    """Three tasks with a head each; the blocks of `changes` are added to those here, key by key."""
    blocks = {
        "inputs": {"dimension": N},
        "teachers": {
            "count": 3,
            "hidden": 2,
            "output_noise": [0.3, 0.1, 0.2],
            "input_noise": [0.2, 0.0, 0.1],
        },
        "student": {"hidden": 3, "initial": {"weights_std": 0.7, "readouts_std": 0.8}},
        "training": {"learning_rate": 1.1, "weight_decay": 0.2, "frozen_units": [[], [1], []]},
        "curriculum": {"switch_times": [2.0, 3.5]},
        "duration": 5.0,
        "record": {"count": 6, "state": True},
    }
    for name, block in changes.items():
        blocks[name] = blocks[name] | block if isinstance(block, dict) else block
    return blocks


def consolidated(kind, strength=2.0, **keys):
    return {"training": {"consolidation": {"kind": kind, "strength": strength, **keys}}}


TURNING = {"teacher": 0, "towards": 1, "rate": 0.4, "start": 0.5}
PIECES = [
    {"until": 1.5, "probabilities": [0.7, 0.3, 0.0]},
    {"until": 3.0, "probabilities": [0.2, 0.5, 0.3]},
    {"probabilities": [0.0, 0.0, 1.0]},
]
BATCH = {"batch_size": 3}
CASES = {
    "replay": {"curriculum": {"replay": {"fraction": 0.4}}},
    "replay of all": {"curriculum": {"replay": {"fraction": 0.4, "of": "all"}}, "training": BATCH},
    "replay per switch": {"curriculum": {"replay": {"fraction": [0.0, 1.0]}}},
    "shared head": {"curriculum": {"replay": {"fraction": 0.4}}, "student": {"heads": "shared"}},
    "in turn": {"curriculum": {"replay": {"interleave": {"new": 3, "old": 2}, "of": "all"}}},
    "imperfect": {"curriculum": {"replay": {"fraction": 0.5, "fidelity": 0.6}}, "training": BATCH},
    "mixture": {"curriculum": {"switch_times": None, "mixture": PIECES}},
    "stored": {"curriculum": {"replay": {"fraction": 0.4, "of": "all", "buffer": 7}}},
    "stored batches": {"curriculum": {"replay": {"fraction": 0.4, "buffer": 7}}, "training": BATCH},
    "rates per task": {"training": {"learning_rate": [0.5, 1.5, 0.7], "readout_learning_rate": [0.1, 1, 2]}},
    "schedules": {
        "training": {
            "learning_rate": [{"until": 1.2, "value": 0.6}, {"value": [0.5, 1.5, 0.7]}],
            "readout_learning_rate": [{"until": 2.7, "value": 0.6}, {"value": 0.1}],
        }
    },
    "deficits": {
        "training": {
            "deficits": [
                {"start": 0.3, "until": 1.1, "input_noise": 1.5, "frozen_units": [0, 2]},
                {"start": 1.5, "until": 2.4, "output_noise": 1.5, "teacher": 2},
            ]
        }
    },
    "l1": {"training": {"l1": 0.3}},
    "quadratic": consolidated("quadratic"),
    "proximal": consolidated("quadratic", 100.0, step="proximal"),
    "node, latest": consolidated("node", [3.0, 2.0], anchors="latest"),
    "ewc": consolidated("ewc", fisher_samples=30),
    "ewc of weights": consolidated("ewc", fisher_samples=30, importances="weights"),
    "path integral": consolidated("path_integral"),
    "path integral of weights": consolidated("path_integral", importances="weights"),
    "normalised": consolidated("path_integral_normalised", 0.4, importances="weights", normaliser=0.1),
    "proximal of weights": consolidated("path_integral", 90.0, importances="weights", step="proximal"),
    "path integral of batches": {
        "training": consolidated("path_integral")["training"] | BATCH,
        "curriculum": {"replay": {"fraction": 0.3}},
    },
    "drift": {"teachers": {"drift": [0.2, 0.0, 0.1]}},
    "rotation": {"teachers": {"rotation": TURNING}},
    "rotation in a window": {"teachers": {"rotation": TURNING | {"until": 2.5}}},
    "all at once": {
        "teachers": {"drift": 0.1},
        "curriculum": {"replay": {"fraction": 0.3, "fidelity": 0.8, "of": "all"}},
        "training": consolidated("path_integral", importances="weights")["training"] | BATCH | {"l1": 0.1},
    },
}


def complete(case):
    """The document of a case without keys that are null."""
    blocks = document(**case)
    blocks["curriculum"] = {key: value for key, value in blocks["curriculum"].items() if value is not None}
    return blocks
