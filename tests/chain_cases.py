"""Specs in which the law of the order parameters is compared, by name; every key is written out.

Most runs start from given overlaps, so that all that is random is the training. The rows of numbers that
stand in for weights span at most six dimensions: networks of six inputs have these overlaps too.
"""

import numpy as np

TIMES = {6: [0.0, 0.5, 1.0, 2.0], 20: [0.0, 0.3, 1.0, 2.0], 200: [0.0, 0.2, 0.45]}
BASE = {
    "teachers": {
        "count": 2,
        "hidden": 1,
        "activation": "erf",
        "features": {"relation": "independent", "norm": None},
        "output_noise": [0.0, 0.0],
        "input_noise": [0.0, 0.0],
    },
    "student": {
        "hidden": 2,
        "activation": "erf",
        "heads": "per_task",
        "copy_head_at_switch": "never",
        "initial": {"weights_std": 0.7, "readouts_std": 0.8},
    },
    "training": {
        "learning_rate": 2.0,
        "readout_learning_rate": 1.0,
        "train": ["features", "readouts"],
        "frozen_units": [[], []],
        "weight_decay": 0.0,
        "batch_size": 1,
    },
    "curriculum": {"switch_times": [0.3]},
}
STUDENT = [
    [0.5, -0.4, 0.3, 0.6, 0.2, -0.1],
    [-0.3, 0.4, 0.5, 0.1, -0.7, 0.2],
    [0.2, 0.3, -0.6, 0.4, 0.1, 0.5],
]
ONE, TWO = (
    [[0.9, 0.3, 0, 0, 0.1, 0], [0, 1, 0.3, 0, 0, 0.2]],
    [[-0.2, 1.1, 0, 0, 0, 0], [0, 0.1, 0, 1, 0.3, 0]],
)
HEADS, READOUTS = [[0.6, -0.9, 0.4], [0.8, 0.5, -0.7]], [[1.0, -0.8], [0.9, 1.1]]


def document(dimension, sampled=False, **blocks):
    """The spec of a case with N inputs: blocks of BASE with some keys changed, or new blocks."""
    times = TIMES.get(dimension, [0.0, 1.0, 2.0, 4.0])
    changed = {key: BASE.get(key, {}) | blocks.get(key, {}) for key in BASE | blocks if key != "curriculum"}
    if not sampled and "initial_overlaps" not in blocks:
        changed["initial_overlaps"] = overlaps(changed["teachers"], changed["student"])
    curriculum = {"curriculum": blocks.get("curriculum", BASE["curriculum"])}
    record = {"record": {"times": times}, "duration": times[-1]}
    return {"inputs": {"dimension": dimension}} | changed | curriculum | record


def overlaps(teachers, student):
    """Given overlaps for these numbers of units and heads."""
    P, M, K = teachers["count"], teachers["hidden"], student["hidden"]
    heads = HEADS[: 1 if student["heads"] == "shared" else P]
    return given(STUDENT[:K], [rows[:M] for rows in (ONE, TWO)[:P]], [head[:K] for head in heads])


def given(student, teachers, heads):
    """The block `initial_overlaps` of student rows (K, D), teacher rows (P, M, D) and student readouts."""
    W, V = np.array(student, dtype=float), np.array(teachers, dtype=float)
    P, M, _ = V.shape
    return {
        "student": (W @ W.T).tolist(),
        "student_teacher": (W @ V.swapaxes(1, 2)).tolist(),
        "teacher": np.einsum("pmd,qnd->pqmn", V, V).tolist(),
        "student_readouts": heads,
        "teacher_readouts": [readouts[:M] for readouts in READOUTS[:P]],
    }


def activation(name, rate):
    """Student and teacher with this activation."""
    blocks = {"teachers": {"activation": name}, "student": {"activation": name}}
    return blocks | {"training": {"learning_rate": rate, "readout_learning_rate": rate}}


ALL_TERMS = {
    "teachers": {"hidden": 2, "output_noise": [0.5, 0.2], "input_noise": [0.3, 0.6]},
    "student": {"hidden": 3, "copy_head_at_switch": "first"},
    "training": {"frozen_units": [[1], [0, 2]], "weight_decay": 0.5, "batch_size": 2},
}
THREE_TEACHERS = {
    "sampled": True,
    "teachers": {"count": 3, "output_noise": [0.0, 0.3, 0.0], "input_noise": [0.0, 0.0, 0.4]},
    "training": {"frozen_units": [[], [0], [1]]},
}
IN_SPAN = np.array([[0.5, -0.2], [0.3, 0.8]]) @ [ONE[0], TWO[0]]
PAIR, TWO_HEADS = [ONE[:1], TWO[:1]], [[0.6, -0.9], [0.8, 0.5]]

CASES = {
    "erf": {},
    "relu": activation("relu", 0.4),
    "linear": activation("linear", 0.2),
    "output_noise": {"teachers": {"output_noise": [0.5, 1.0]}},
    "input_noise": {"teachers": {"input_noise": [0.5, 1.0]}},
    "weight_decay": {"training": {"weight_decay": 0.5}},
    "batch": {"training": {"batch_size": 3, "learning_rate": 4.0}},
    "features_only": {"training": {"train": ["features"]}},
    "readouts_only": {"training": {"train": ["readouts"]}},
    "frozen_units": {"training": {"frozen_units": [[1], [0]]}},
    "shared_head": {"student": {"heads": "shared"}},
    "copied_head": {"student": {"copy_head_at_switch": "first"}},
    "thresholds": {"curriculum": {"thresholds": [0.2]}},
    "more_units_than_inputs": {"teachers": {"hidden": 2}, "student": {"hidden": 3}},
    "all_terms": ALL_TERMS,
    "student_in_span_of_teachers": {"initial_overlaps": given(IN_SPAN, PAIR, TWO_HEADS)},
    "identical_teachers": {"initial_overlaps": given(STUDENT[:2], [ONE[:1], ONE[:1]], TWO_HEADS)},
    "identical_students": {"initial_overlaps": given([STUDENT[0]] * 2, PAIR, [[0.6, 0.6], [0.8, 0.8]])},
    "sampled": {"sampled": True},
    "sampled_all_terms": ALL_TERMS | {"sampled": True, "curriculum": {"thresholds": [0.2]}},
    "sampled_three_teachers": THREE_TEACHERS | {"curriculum": {"switch_times": [0.2, 0.4]}},
    "heads_copied_at_every_switch": {
        "student": {"copy_head_at_switch": "every"},
        "curriculum": {"switch_times": [0.15, 0.3]},
    },
}

RELATIONS = {
    "independent": {"relation": "independent", "norm": 1.3},
    "identical": {"relation": "identical", "norm": None},
    "rotated": {"relation": "rotated", "similarity": -0.6, "norm": None},
    "interpolated": {"relation": "interpolated", "similarity": 0.7, "norm": 1.2},
    "shared_nodes": {"relation": "shared_nodes", "similarity": 0.4, "shared": 1, "norm": 1.0},
}


def sharp(dimension, teacher, student, **training):
    """One teacher and one student in the plane, and single steps so large that laws of the inputs show."""
    rates = {"learning_rate": 4.0, "train": ["features"], "frozen_units": [[]]}
    start = given([[student, 0.0]], [[[0.6 * teacher, 0.8 * teacher]]], [[1.0]])
    described = document(
        dimension,
        teachers={"count": 1, "output_noise": [0.0], "input_noise": [0.0]},
        student={"hidden": 1},
        training=rates | training,
        curriculum={},
        initial_overlaps=start,
    )
    times = [step / dimension for step in (0, 1, 2, 4, 8)]
    return described | {"record": {"times": times}, "duration": times[-1]}


# |x|^2 of single inputs, and the products of the inputs of a batch.
SHARP_CASES = {
    "single": sharp(6, teacher=0.5, student=0.5),
    "batch": sharp(12, teacher=8.0, student=0.1, learning_rate=8.0, batch_size=3),
}
