"""Specs drawn from the schema: small enough to run at once, with values at and beyond the ends of ranges.

`draw(rng)` gives one document. What the schema does not say, how large a size may be here, stands in SIZES.
"""

import math
import random
from copy import deepcopy
from typing import Any

from teacherstudent.spec.schema import package_schema

SCHEMA = package_schema("spec")
# Largest values of what makes a run long or large.
SIZES = {
    "inputs.dimension": 20,
    "inputs.samples": 20,
    "teachers.count": 3,
    "teachers.hidden": 4,
    "teachers.features.shared": 4,
    "student.hidden": 4,
    "training.batch_size": 5,
    "record.count": 8,
    "inputs.manifold.latent_dimension": 12,
    "inputs.generator.latent_dimension": 12,
    "numerics.nodes": 5,
}
DURATION = 2.0
TIMES = ("duration", "record.times", "record.first", "curriculum.switch_times")
# A period or a time between looks much shorter than a step is allowed and takes long.
SPANS = {"curriculum.period": 0.05, "curriculum.look_every": 0.01}
# No files: test_corruption.py is about these.
LEFT_OUT = ("file", "sha256", "dataset", "activation_file", "activation_sha256")
USUAL = (0, 0.001, 0.1, 0.3, 0.5, 0.9, 1, 1.5, 2, 3)
EXTREME = (5e-324, 1e-300, 1e-160, 1e-16, 1e-8, 10, 1e3, 1e8, 1e16, 1e30, 1e50)
WRONG = (
    None,
    True,
    "",
    "0.5",
    "1e3",
    "erf",
    [],
    [[]],
    {},
    {"linspace": [0, 1]},
    math.nan,
    math.inf,
    -math.inf,
)
WRONG += (
    -1,
    -5e-324,
    10**400,
    -(10**400),
    2**63,
    1.1e50,
    1.7e308,
    "é\n",
    [None],
    [math.nan],
    [[1], [1, 2]],
    {"a": {"b": 1}},
)
# What a value cannot stand without.
NEEDED = {
    ("teachers.features.relation", "rotated"): ["teachers.features.similarity"],
    ("teachers.features.relation", "interpolated"): ["teachers.features.similarity"],
    ("teachers.features.relation", "shared_nodes"): [
        "teachers.features.similarity",
        "teachers.features.shared",
    ],
    ("teachers.readouts.relation", "rotated"): ["teachers.readouts.similarity"],
    ("teachers.readouts.relation", "uniform"): ["teachers.readouts.value"],
    ("student.initial.scheme", "symmetric"): ["student.initial.asymmetry"],
    ("training.sampling", "without_replacement"): ["inputs.samples"],
    ("training.sampling", "epochs"): ["inputs.samples"],
    ("student.initial.scheme", "one_direction"): ["student.activation"],
}
# Valid keys of each kind of inputs, labels, rules and layers, with the beginnings of its further keys, one of
# which is then drawn.
KINDS = (
    (("inputs.covariance.",), {"inputs.distribution": "correlated",
                               "inputs.covariance": {"spectrum": "power_law", "exponent": 0.5}}),
    (("inputs.manifold.", "numerics.latents", "numerics.nodes", "numerics.covariance"),
     {"inputs.distribution": "hidden_manifold", "inputs.manifold": {"latent_dimension": 6}}),
    (("inputs.generator.",), {"inputs.distribution": "generator", "inputs.generator": {"layers": [3, 4]}}),
    (("inputs.clusters.",), {"inputs.distribution": "mixture", "inputs.clusters": {"means": "opposite"}}),
    (("teachers.label", "training.loss", "training.margin", "numerics.cubature", "numerics.most"),
     {"teachers.labels": "sign", "training.loss": "hinge", "training.margin": 0.5}),
    (("training.rule", "training.episode."),
     {"training.rule": "reward", "training.train": ["features"], "student.hidden": 1, "teachers.hidden": 1,
      "student.activation": "linear", "training.episode": {"length": 3, "reward": {"condition": "all"}}}),
    (("student.layers", "student.initial.inner.", "training.inner_learning_rate"), {"student.layers": 2}),
)  # fmt: skip
# Keys of students that diverge within a few steps on each engine, and their learning rates.
UNSTABLE = {
    "inputs.dimension": SIZES["inputs.dimension"],
    "student.activation": "linear",
    "training.batch_size": 1,
    "duration": DURATION,
}
LARGE_RATES = (1e16, 1e30, 1e50)
SHARE = 0.05  # of documents with one of the kinds, and of documents with an unstable student
ADDED = 6  # at most so many keys beyond the base


def leaves(schema: dict, path: str = "") -> dict[str, dict]:
    """Return the fragments of a schema that are no blocks, by dotted key."""
    found = {}
    for key, entry in schema["properties"].items():
        place = f"{path}.{key}".lstrip(".")
        if key not in LEFT_OUT:
            found |= leaves(entry, place) if "properties" in entry else {place: entry}
    return found


def required(schema: dict, path: str = "") -> dict[str, list[str]]:
    """Return the keys that blocks within others need, by the dotted key of the block."""
    found = {}
    for key, entry in schema["properties"].items():
        place = f"{path}.{key}".lstrip(".")
        if "properties" in entry:
            needed = [f"{place}.{other}" for other in entry.get("required", [])]
            found |= {place: [other for other in needed if other in LEAVES]} | required(entry, place)
    return found


LEAVES = leaves(SCHEMA)
REQUIRED = required(SCHEMA)  # and, for these two, a switch
REQUIRED["training.consolidation"] += ["curriculum.switch_times"]
REQUIRED["curriculum.replay"] = ["curriculum.switch_times", "curriculum.replay.fraction"]
GIVEN = [key for key in LEAVES if key.startswith("initial_overlaps")]
COMPANIONS = {key for keys in NEEDED.values() for key in keys} - {"inputs.samples", "student.activation"}
BEGINNINGS = tuple(beginning for beginnings, _ in KINDS for beginning in beginnings)
OF_KINDS = [key for key in LEAVES if key.startswith(BEGINNINGS) or key == "inputs.distribution"]
FREE = [key for key in LEAVES if key not in (*GIVEN, *COMPANIONS, *OF_KINDS)]


def draw(rng: random.Random) -> dict:
    """Return a document: a small spec, some keys with values of theirs, and now and then a slip."""
    document: dict = {"curriculum": {}, "record": {"count": 4}}
    for key in ("inputs.dimension", "teachers.count", "teachers.hidden", "student.hidden"):
        put(document, key, rng.randint(1, SIZES[key]))
    put(document, "training.learning_rate", rng.choice(USUAL))
    put(document, "duration", rng.choice((0.05, 0.5, 1.0, DURATION)))
    if rng.random() < 0.15:
        document["initial_overlaps"] = overlaps(rng, document)
    for _ in range(rng.randint(0, ADDED)):
        add(rng, document, rng.choice(FREE))
    if rng.random() < SHARE:
        add_kind(rng, document)
    if rng.random() < SHARE:
        for key, item in UNSTABLE.items():
            put(document, key, item)
        put(document, "training.learning_rate", rng.choice(LARGE_RATES))
    if rng.random() < 0.25:
        slip(rng, document)
    return document


def add_kind(rng: random.Random, document: dict) -> None:
    """Draw a kind of inputs, labels, rules or layers, and now and then one of its keys."""
    beginnings, keys = rng.choice(KINDS)
    for key, item in keys.items():
        put(document, key, deepcopy(item))
    if "inputs.generator" in keys:
        document["inputs"]["generator"]["layers"][-1] = document["inputs"]["dimension"]
    if rng.random() < 0.7:
        add(rng, document, rng.choice([key for key in OF_KINDS if key.startswith(beginnings)]))


def add(rng: random.Random, document: dict, key: str) -> None:
    """Draw a value for a key, and those of the keys that this value needs."""
    chosen = value(rng, key, LEAVES[key], document)
    put(document, key, chosen)
    for other in REQUIRED.get(key.rpartition(".")[0], []):
        if not is_given(document, other):
            add(rng, document, other)
    if key == "record.times":
        document["record"].pop("count", None)
    for other in NEEDED.get((key, chosen), []) if isinstance(chosen, str) else []:
        add(rng, document, other)


def is_given(document: dict, key: str) -> bool:
    """Return whether a document has a dotted key."""
    *blocks, last = key.split(".")
    for block in blocks:
        document = document.get(block, {})
    return last in document


def put(document: dict, key: str, item: Any) -> None:
    """Set the value at a dotted key."""
    *blocks, last = key.split(".")
    for block in blocks:
        document = document.setdefault(block, {})
    document[last] = item


def value(rng: random.Random, key: str, schema: dict, document: dict) -> Any:
    """Draw a value that a fragment of the schema allows."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = rng.choice(kinds)
    if kind == "null":
        return None
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "array":
        return a_list(rng, key, schema, document)
    return number(rng, key, schema, kind)


def number(rng: random.Random, key: str, schema: dict, kind: str) -> Any:
    """Draw a number in the range of a fragment, its ends included, small where it is a size or a time."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", -3))
    if kind == "integer":
        return rng.randint(low, SIZES.get(key, 3))
    if key in TIMES:
        return rng.choice((0.01, 0.2, 0.3, 0.7, 1.0, 1.9, DURATION))
    if key in SPANS:
        return rng.choice((SPANS[key], 0.1, 0.5, 10.0, 1e50))
    choices = [low, schema.get("maximum", 1), *(EXTREME if rng.random() < 0.3 else USUAL)]
    chosen = rng.choice(choices) * (rng.choice((1, -1)) if low < 0 else 1)
    fits = chosen <= schema.get("maximum", math.inf) and chosen != schema.get("exclusiveMinimum")
    return chosen if fits else schema.get("maximum", 1)


def a_list(rng: random.Random, key: str, schema: dict, document: dict) -> list:
    """Draw a list: one entry per teacher mostly, a matrix where rows stand in it, times in order."""
    count = document["teachers"].get("count") if isinstance(document["teachers"], dict) else 1
    count = count if isinstance(count, int) and 0 < count < 5 and rng.random() < 0.9 else rng.randint(0, 4)
    if key.endswith("similarity"):
        return matrix(rng, count)
    entries = [
        value(rng, key, schema["items"], document) for _ in range(max(count, schema.get("minItems", 0)))
    ]
    unique = schema.get("uniqueItems") and rng.random() < 0.9
    entries = list(dict.fromkeys(entries)) if unique else entries
    return sorted(set(entries)) if key in TIMES and rng.random() < 0.9 else entries


def matrix(rng: random.Random, count: int) -> list:
    """Draw a symmetric matrix of similarities."""
    rows = [[1.0] * count for _ in range(count)]
    for i in range(count):
        for j in range(i):
            rows[i][j] = rows[j][i] = rng.choice((0, 0.3, 0.5, 1, -1, -0.5))
    return rows


def overlaps(rng: random.Random, document: dict) -> dict:
    """Draw the overlaps of networks with small whole weights, now and then large ones."""
    P, M, K = document["teachers"]["count"], document["teachers"]["hidden"], document["student"]["hidden"]
    scale, columns = rng.choice((0.1, 1.0, 1.0, 1e5, 1e20)), rng.randint(1, document["inputs"]["dimension"])
    rows = [[scale * rng.randint(-2, 2) for _ in range(columns)] for _ in range(K + P * M)]
    C = [[sum(a * b for a, b in zip(one, other, strict=True)) for other in rows] for one in rows]
    of = [[K + p * M + m for m in range(M)] for p in range(P)]
    return {
        "student": [[C[k][i] for i in range(K)] for k in range(K)],
        "student_teacher": [[[C[k][i] for i in of[p]] for k in range(K)] for p in range(P)],
        "teacher": [[[[C[i][j] for j in of[q]] for i in of[p]] for q in range(P)] for p in range(P)],
        "student_readouts": [[rng.choice(USUAL) for _ in range(K)] for _ in range(rng.choice((P, P, 1)))],
        "teacher_readouts": [[rng.choice(USUAL) for _ in range(M)] for _ in range(P)],
    }


def slip(rng: random.Random, document: dict) -> None:
    """Make a mistake: a wrong value, one just outside, an unknown key, a missing one."""
    key = rng.choice(list(LEAVES))
    kind = rng.choice(("wrong", "outside", "unknown", "missing", "block"))
    if kind == "wrong":
        put_somehow(document, key, rng.choice(WRONG))
    elif kind == "outside":
        put_somehow(document, key, outside(LEAVES[key]))
    elif kind == "unknown":
        put_somehow(document, f"{key}_", 1)
    elif kind == "missing":
        document.pop(rng.choice(list(document)))
    else:
        document[key.split(".")[0]] = rng.choice(WRONG)


def put_somehow(document: dict, key: str, item: Any) -> None:
    """Set the value at a dotted key unless what is above it is no block."""
    block, *rest = key.split(".")
    if not rest or isinstance(document.get(block, {}), dict):
        put(document, key, item)


def outside(schema: dict) -> Any:
    """Return a value that just misses the range of a fragment."""
    if "maximum" in schema:
        return math.nextafter(schema["maximum"], math.inf)
    if "minimum" in schema:
        return schema["minimum"] - 1 if schema["type"] == "integer" else math.nextafter(schema["minimum"], -1)
    return schema.get("exclusiveMinimum", "nothing of this name")
