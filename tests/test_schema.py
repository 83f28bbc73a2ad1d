"""A document is valid if its blocks are: the blocks that were valid before are not validated again."""

from itertools import product

import pytest
from jsonschema import Draft202012Validator

from samples import document
from teacherstudent.errors import SpecError
from teacherstudent.files.plain_values import plain
from teacherstudent.spec.schema import Schema, package_schema

WHOLE = Draft202012Validator(package_schema("spec"))
VALUES = [None, 0, -1.5, True, "x", [], {}, [[1.0]], {"x": 1}]


def variants():
    """Specs with another value or without one at a key, or with an unknown key; most are not valid."""
    full = plain(document())
    yield full
    for block, value in product([*full, "other"], VALUES):
        yield full | {block: value}
    for block in full:
        yield {key: value for key, value in full.items() if key != block}
        if isinstance(full[block], dict):
            for key, value in product([*full[block], "other"], VALUES):
                yield full | {block: full[block] | {key: value}}


def is_valid(schema, one):
    try:
        schema.complete(one)
    except SpecError:
        return False
    return True


@pytest.mark.parametrize("times", [1, 2], ids=["at first", "again"])
def test_a_document_is_valid_as_a_whole_or_not_at_all(times):
    schema = Schema("spec", package_schema("spec"))
    every = list(variants())
    for _ in range(times):
        found = [is_valid(schema, one) for one in every]
    assert found == [WHOLE.is_valid(one) for one in every]
    assert {True, False} == set(found)


@pytest.mark.parametrize("one", [None, 3, "inputs", [], [{}]], ids=str)
def test_what_is_no_block_of_keys_is_not_valid(one):
    assert not is_valid(Schema("spec", package_schema("spec")), one)


def test_changes_of_what_is_returned_do_not_reach_later_documents():
    schema = Schema("spec", package_schema("spec"))
    first = schema.complete(document())
    first["training"]["learning_rate"] = "changed"
    assert schema.complete(document())["training"]["learning_rate"] == document()["training"]["learning_rate"]
