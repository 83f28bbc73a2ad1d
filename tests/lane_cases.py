"""Specs of runs of engine `ode` that are integrated side by side."""

from teacherstudent import parse_spec

BASE = {
    "inputs": {"dimension": 500},
    "teachers": {
        "count": 2,
        "hidden": 1,
        "features": {"relation": "rotated", "similarity": 0.3},
        "readouts": {"norm": 1.0},
    },
    "student": {"hidden": 2, "initial": {"weights_std": 0.1, "readouts_std": 0.1}},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [20.0]},
    "duration": 50.0,
    "record": {"count": 21, "state": True},
}
MANIFOLDS = {
    "distribution": "hidden_manifold",
    "dimension": 500,
    "manifold": {
        "latent_dimension": 50,
        "folding": "sign",
        "projection": "orthogonal",
        "tasks": "interpolated",
        "similarity": 0.4,
    },
}
LIMIT = {
    "distribution": "hidden_manifold",
    "dimension": 500,
    "manifold": {"latent_fraction": 0.4, "folding": "sign"},
}
LEVELS = {
    "distribution": "correlated",
    "dimension": 500,
    "covariance": {"spectrum": "levels", "values": [1.5, 0.5], "fractions": [0.5, 0.5]},
}
LINEAR_UNITS = {"student__activation": "linear", "teachers__activation": "linear"}


def spec_with(**changes):
    """Return the spec with other values at dotted keys, with __ for the dots."""
    document = dict(BASE)
    for key, value in changes.items():
        *path, last = key.split("__")
        block = document
        for name in path:
            block[name] = dict(block.get(name, {}))
            block = block[name]
        block[last] = value
    return parse_spec(document)


def linear_with(**changes):
    """Return the spec with linear units and other values."""
    return spec_with(**LINEAR_UNITS, **changes)


def blocks_with(**changes):
    """Return the spec with aligned orthogonal projections, one for each task, and other values."""
    return spec_with(**{"inputs": MANIFOLDS} | changes)


def modes_with(**changes):
    """Return the spec with few groups of modes, by default nine, and other values."""
    return spec_with(**{"inputs": LIMIT, "numerics": {"latents": "infinite", "nodes": 8}} | changes)


def replay(fraction, switch=20.0, **others):
    """Return a curriculum with replay."""
    return {"switch_times": [switch], "replay": {"fraction": fraction, **others}}


# Runs of very different lengths, by time, switches, thresholds, and steps; one of them diverges.
PLAIN = [
    spec_with(teachers__features__similarity=0.9),
    spec_with(duration=400.0),
    spec_with(duration=20.5),
    spec_with(training__learning_rate=[0.1, 2.0]),
    spec_with(training__learning_rate=[0.1, 1e25]),
    spec_with(curriculum={"switch_times": [1.0]}, teachers__output_noise=0.1),
    spec_with(teachers__input_noise=[0.3, 0.0], numerics={"relative_tolerance": 1e-6}),
    spec_with(curriculum={"thresholds": [1e-3]}, duration=300.0),
    spec_with(curriculum={"thresholds": [5e-3]}, duration=300.0),
    spec_with(curriculum={"thresholds": [1e-9]}, duration=100.0),
    spec_with(curriculum={"thresholds": [2.0]}, duration=100.0),
    spec_with(
        training__frozen_units=[[], [0]], record={"times": [0.0, 19.99, 20.0, 20.01, 50.0], "state": True}
    ),
    spec_with(duration=0.02, curriculum={}),
]
INTERVENED = [
    spec_with(curriculum=replay(0.3)),
    spec_with(curriculum=replay(0.1, switch=5.0), duration=100.0),
    spec_with(curriculum=replay(0.2, switch=10.0), training__weight_decay=0.01),
    spec_with(curriculum={"switch_times": [10.0], "replay": {"interleave": {"new": 500, "old": 300}}}),
    *[
        spec_with(training__consolidation={"kind": "quadratic", "strength": strength})
        for strength in (0.1, 0.5, 2.0)
    ],
    *[
        spec_with(training__consolidation={"kind": "path_integral", "strength": strength})
        for strength in (0.1, 0.5, 2.0)
    ],
    *[spec_with(teachers__drift=[drift, 0.0]) for drift in (0.01, 0.02, 0.04)],
    *[
        spec_with(curriculum={"thresholds": [threshold], "replay": {"fraction": 0.2}}, duration=200.0)
        for threshold in (1e-3, 2e-3, 1e-2)
    ],
]
# The same for linear units: one task, several tasks in a step, and anchors.
LINEAR = [
    linear_with(),
    linear_with(training__learning_rate=[0.1, 0.3], duration=100.0),
    linear_with(training={"learning_rate": 0.3, "weight_decay": 0.02, "batch_size": 3}, duration=30.0),
    linear_with(teachers__output_noise=0.2, teachers__input_noise=[0.1, 0.3]),
    linear_with(training__learning_rate=[0.1, 1e25]),
    *[linear_with(curriculum={"thresholds": [level]}, duration=200.0) for level in (1e-2, 3e-2, 1e-3)],
    *[linear_with(curriculum=replay(fraction)) for fraction in (0.1, 0.3)],
    linear_with(training__consolidation={"kind": "quadratic", "strength": 0.1}),
    linear_with(student__hidden=4, teachers__hidden=2),
]
# Inputs of their own for each task; one run diverges, and one has linear units.
BLOCKS = [
    blocks_with(),
    blocks_with(inputs__manifold__similarity=0.9, duration=100.0),
    blocks_with(inputs__manifold__folding="linear", teachers__features__similarity=0.8),
    blocks_with(training={"learning_rate": 0.3, "weight_decay": 0.02}, duration=30.0),
    *[blocks_with(curriculum=replay(fraction), duration=30.0) for fraction in (0.1, 0.3)],
    blocks_with(teachers__input_noise=[0.3, 0.1], teachers__output_noise=0.2),
    blocks_with(training__learning_rate=[0.1, 1e25], teachers__output_noise=0.5),
    *[
        blocks_with(curriculum={"thresholds": [level], "replay": {"fraction": 0.1}}, duration=100.0)
        for level in (0.05, 0.1)
    ],
    blocks_with(training={"learning_rate": 0.5, "frozen_units": [[], [0]]}),
    blocks_with(student__hidden=3, teachers__hidden=2, student__heads="per_task"),
    blocks_with(**LINEAR_UNITS, curriculum={"thresholds": [3e-2]}, duration=60.0),
]
# Groups of modes: hidden manifolds with infinitely many latent numbers, and a covariance with two levels.
MODES = [
    modes_with(),
    modes_with(inputs__manifold__latent_fraction=0.6, duration=100.0),
    modes_with(inputs__manifold__folding="linear", teachers__features__similarity=0.8),
    *[
        modes_with(training={"learning_rate": 0.3, "weight_decay": decay}, duration=30.0)
        for decay in (0.01, 0.02)
    ],
    *[modes_with(curriculum=replay(fraction), duration=30.0) for fraction in (0.1, 0.3)],
    modes_with(curriculum=replay(0.3), duration=30.0, training__weight_decay=0.01),
    modes_with(teachers__input_noise=[0.3, 0.1], teachers__output_noise=0.2),
    *[
        modes_with(curriculum={"thresholds": [level], "replay": {"fraction": 0.1}}, duration=100.0)
        for level in (0.05, 0.1)
    ],
    *[spec_with(inputs=LEVELS, teachers__features__similarity=value) for value in (0.1, 0.7)],
]


def with_law(*others, duration=30.0, **law):
    """Return short runs with a law of units and labels, the last ones with further changes each."""
    common = law | {"duration": duration}
    return [
        spec_with(**common),
        spec_with(**common | {"duration": 2.0 * duration}, training__learning_rate=[0.1, 0.8]),
        spec_with(**common, training={"learning_rate": 0.3, "weight_decay": 0.02, "batch_size": 3}),
        spec_with(**common, teachers__input_noise=[0.1, 0.3]),
        *[spec_with(**common, curriculum=replay(fraction)) for fraction in (0.1, 0.3)],
        *[spec_with(**common | other) for other in others],
    ]


def activations(student, teacher, **changes):
    """Return the changes for two activations."""
    return {"student__activation": student, "teachers__activation": teacher} | changes


SIZES = {"student__hidden": 4, "teachers__hidden": 2}
LEVEL = {"curriculum": {"thresholds": [0.05]}}
NOISE = {"teachers__output_noise": 0.2}
# Units of two activations, on both kinds of structured inputs too.
UNLIKE = [
    *with_law(SIZES, LEVEL, NOISE, **activations("erf", "relu")),
    *with_law(SIZES, LEVEL, **activations("linear", "erf")),
    *[
        spec_with(**activations(*units), **sizes, duration=25.0)
        for units in (("erf", "linear"), ("linear", "relu"))
        for sizes in (SIZES, {})
    ],
    *[blocks_with(**activations("erf", "linear"), duration=duration) for duration in (25.0, 40.0)],
    *[modes_with(**activations("linear", "erf"), duration=duration) for duration in (25.0, 40.0)],
]
# Four units have sets of four fields. Units that are equal are one field: then the sets are computed in a
# different way from those of the other runs.
EQUAL = {
    "initial_overlaps": {
        "student": [[1.0, 0.2, 0.2], [0.2, 1.0, 1.0], [0.2, 1.0, 1.0]],
        "student_teacher": [[[0.2], [1.0], [1.0]]] * 2,
        "teacher": [[[[1.0]], [[1.0]]]] * 2,
        "student_readouts": [[0.3, 0.2, 0.2]] * 2,
        "teacher_readouts": [[1.0]] * 2,
    },
}
THREE = activations("relu", "relu", student__hidden=3)
RELU = [
    *with_law(LEVEL, NOISE, **THREE),
    spec_with(**THREE | EQUAL, duration=30.0, student={"hidden": 3, "activation": "relu"}),
    *with_law(LEVEL, NOISE, **activations("relu", "erf", teachers__hidden=2)),
    *with_law(SIZES, **activations("relu", "linear")),
    *[blocks_with(**activations("relu", "relu"), duration=duration) for duration in (25.0, 40.0)],
]
SIGN = {"teachers__labels": "sign"}
FLIPS = {"teachers__label_flips": 0.1}
SIGNS = [
    *with_law(FLIPS, **activations("erf", "erf", **SIGN)),
    *with_law(FLIPS, LEVEL, **activations("linear", "linear", **SIGN)),
    *with_law(FLIPS, **activations("relu", "relu", **SIGN)),
]
# Rules of one linear unit, whose labels are signs.
ONE_UNIT = activations("linear", "linear", **SIGN, student__hidden=1)
RULES = [
    spec_with(
        **ONE_UNIT | flips,
        training={"learning_rate": rate, "train": ["features"]} | rule,
        curriculum=curriculum,
    )
    for rule in (
        {"loss": "hebbian"},
        {"loss": "hinge", "margin": 0.0},
        {"loss": "squared_hinge", "margin": 0.0},
    )
    for rate, curriculum in ((0.5, {"switch_times": [20.0]}), (0.3, {}), (0.4, {"thresholds": [0.2]}))
    for flips in ({}, FLIPS)
]
