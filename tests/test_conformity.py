"""The quick check of documents never accepts what jsonschema does not, and accepts what experiments use."""

import random
from collections.abc import Iterator, Mapping

import pytest
from jsonschema import Draft202012Validator

from teacherstudent.experiments.configuration import read_folder
from teacherstudent.experiments.schema import experiment_schema
from teacherstudent.spec.conformity import CHECKS, WORDS, conforms
from teacherstudent.spec.schema import package_schema

SCHEMAS = {
    "spec": package_schema("spec"),
    "experiment": experiment_schema(),
    "configuration": package_schema("configuration"),
}
VALUES = [None, True, False, "", "0.5", "reached", "auto", "erf", [], {}, 10**400, -(10**400), 1e50, 2**63]
VALUES += [sign * number for sign in (1, -1) for number in (0, 0.0, 5e-324, 0.1, 0.5, 1, 1.0, 2, 2.0, 7.5)]
LISTS = [[1, True], [1, 1.0], [1, "1"], [[1], [1]], [[1], [2]], ["a", "b", "a"], [None, None], [{}, {}]]
# Words about inner values, whose check is that of the values.
OF_PARTS = ("properties", "additionalProperties", "items")


def parts(schema: Mapping) -> Iterator[Mapping]:
    """A schema and all schemas in it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for part in inner:
        if isinstance(part, Mapping):
            yield from parts(part)


def examples(schema: Mapping, rng: random.Random, depth: int = 0) -> list:
    """Values at and beyond all bounds of a schema, and lists and blocks of such values."""
    bounds = [schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "default") if key in schema]
    found = [*VALUES, *LISTS, *schema.get("enum", ()), *bounds]
    found += [bound * factor for bound in bounds if type(bound) in (int, float) for factor in (0.5, 2, 2.5)]
    if depth < 3 and isinstance(schema.get("items"), Mapping):
        inner = examples(schema["items"], rng, depth + 1)
        found += [rng.choices(inner, k=rng.randrange(1, 5)) for _ in range(20)]
    if depth < 3 and "properties" in schema:
        inner = {key: examples(part, rng, depth + 1) for key, part in schema["properties"].items()}
        found += [{key: rng.choice(inner[key]) for key in _some(inner, rng)} for _ in range(20)]
        found += [{**block, "unknown": 1} for block in found[-3:]]
    return found


def _some(keys, rng):
    return rng.sample(sorted(keys), k=rng.randrange(len(keys) + 1))


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_what_conforms_is_valid(schema):
    rng, outcomes = random.Random(0), {(True, True): 0, (False, False): 0, (False, True): 0}
    for part in parts(schema):
        validator = Draft202012Validator(part)
        for value in examples(part, rng):
            outcome = conforms(value, part), validator.is_valid(value)
            assert outcome in outcomes, (value, part)
            outcomes[outcome] += 1
    assert min(outcomes[True, True], outcomes[False, False]) > 30
    assert outcomes[False, True] < 0.05 * outcomes[True, True]  # such documents are checked by jsonschema


def test_each_keyword_of_the_schemas_has_a_check():
    """Otherwise documents would be valid, but jsonschema imported for each of them."""
    keywords = {key for schema in SCHEMAS.values() for part in parts(schema) for key in part}
    assert keywords <= CHECKS.keys() | WORDS
    assert not conforms(1, {"multipleOf": 2})
    assert not conforms(2, {"multipleOf": 2})


@pytest.mark.parametrize("keyword", sorted(CHECKS.keys() - {*OF_PARTS}))
def test_each_check_rejects_something(keyword):
    wanted = {"type": "string", "enum": ["a"], "pattern": "^a$", "required": ["a"], "uniqueItems": True}
    schema = {keyword: wanted.get(keyword, 3)}
    values = [2, 4, "b", [1, 1], [1, 2, 3, 4], {"b": 1}]
    rejected = [value for value in values if not conforms(value, schema)]
    assert rejected
    assert rejected == [value for value in values if not Draft202012Validator(schema).is_valid(value)]


def test_all_experiments_of_the_workflow_conform(pytestconfig):
    config = read_folder(pytestconfig.rootpath)
    assert conforms(config, SCHEMAS["configuration"])
    assert all(conforms(entry, SCHEMAS["experiment"]) for entry in config["experiments"].values())
