"""The schema of an experiment; the quantities that can be collected are those in the table of observables."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.spec.schema import complete, package_schema

ALWAYS = ("time", "switch_times")  # observables that all curves have


@cache
def experiment_schema() -> dict:
    """Return the schema of an experiment with all choices of `collect`."""
    schema = deepcopy(package_schema("experiment"))
    schema["properties"]["collect"]["items"] = {"enum": [name for name in OBSERVABLES if name not in ALWAYS]}
    return schema


def complete_experiment(document: Mapping[str, Any]) -> dict:
    """Check an experiment against its schema; return it with every default. Raises SpecError."""
    return complete(document, "experiment", experiment_schema())
