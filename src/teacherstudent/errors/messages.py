"""Texts that several errors share.

Digests of code exclude this module, so that a new wording does not make results outdated: results must not
depend on it.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

# Message about a file whose content does not have its digest.
CHANGED = (
    "it was changed after it was written; "
    "if that was you, run `teacherstudent accept` on it, otherwise make it again"
)

_BOUNDS = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}"}
_TYPES = {"array": "a list", "object": "a block of keys", "integer": "an integer", "number": "a number",
          "boolean": "true or false", "null": "null", "string": "a text"}  # fmt: skip


def one_line(error, document_name: str) -> str:
    """Return the message of one line for an error of jsonschema."""
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    ).lstrip(".")
    prefix = f"{path}: " if path else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = ", ".join(on_one_line(key) for key in error.instance if key not in known)
        return f"{prefix}unknown key {unknown}; allowed are {', '.join(known)}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{prefix}missing key {', '.join(missing)} in the {path or document_name}"
    return f"{prefix}{_described(error.instance)} is not allowed; it must be {allowed(error.schema)}"


def shown(value: Any) -> str:
    """Return the Python representation of a value on one line, at most 60 characters of it."""
    try:
        text = on_one_line(repr(value))
    except ValueError:  # Python limits the number of digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


def on_one_line(text: Any) -> str:
    """Return a text with single blanks in place of all white space."""
    return " ".join(str(text).split())


def _described(value: Any) -> str:
    try:
        looks_numeric = isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        looks_numeric = False
    return f"the text {shown(value)} (numbers have no quotes)" if looks_numeric else shown(value)


def given_twice(key: Any) -> str:
    """Return the message about a key that is given twice in a block."""
    return f"{on_one_line(key)}: given twice; a key may be given only once in a block"


def without_line(message: str, document: str) -> str:
    """Return a message about a document, without the line number if the document has one line."""
    return message if "\n" in document.strip() else message.removeprefix("line 1: ")


def nested_too_deeply(depth: int) -> str:
    """Return the message about blocks and lists that are nested too deeply."""
    return f"nested too deeply: at most {depth} levels of blocks and lists"


def merged(asked: int, recorded: int, dimension: int) -> str:
    """Return the message about recorded times that share a step.

    Parameters
    ----------
    asked : int
        Number of times in the spec.
    recorded : int
        Number of steps that are recorded.
    dimension : int
        Number of inputs N.

    Returns
    -------
    str
        The message.
    """
    steps = f"steps of 1 / inputs.dimension = {1 / dimension:g}"
    return f"record: {asked} times fall on {recorded} {steps}; each step is recorded once"


def diverged(run: int, time: float) -> str:
    """Return the message about a run that diverged at a time."""
    return f"run {run} diverged at t = {time:g}; it is stored up to this time"


def stiff_inputs(largest: float, reached: str) -> str:
    """Return the message about inputs whose equations are too stiff for an explicit integrator.

    Parameters
    ----------
    largest : float
        Largest eigenvalue of the covariance of the inputs.
    reached : str
        How many steps the integrator needs.

    Returns
    -------
    str
        The message.
    """
    return (
        f"engine ode: the equations are stiff: {reached}; the largest eigenvalue of the covariance of the "
        f"inputs is {largest:.4g}; use more latent numbers for each input (inputs.manifold.latent_fraction), "
        "a smaller training.learning_rate or a shorter duration"
    )


def penalty_too_strong(
    strength: Any, rate: float, penalty: float, inputs: int | None = None, reached: str = ""
) -> str:
    """Return the message about penalties that are too strong for the steps of an engine.

    Parameters
    ----------
    strength : float or sequence of float
        The strength in the spec.
    rate : float
        The learning rate.
    penalty : float
        The largest sum of strengths times importances.
    inputs : int, optional
        The number N of inputs of an explicit step, whose product of rate and penalty must be below N.
    reached : str
        How many steps the integrator of equations needs for them.

    Returns
    -------
    str
        The message.
    """
    pull = (
        f"training.consolidation.strength: {in_document(strength)} is too large: learning rate {rate:g} "
        f"times the largest penalty {penalty:.4g}, strength times importance, "
    )
    if inputs is None:
        return f"{pull}makes the equations stiff: {reached}; use a smaller strength"
    return (
        f"{pull}must be below inputs.dimension, {inputs}, with an explicit step; use a smaller strength, or "
        "step: proximal"
    )


def far_from_small_steps(strength: Any, kappa: float) -> str:
    """Return the message about explicit steps by a large part kappa of the distance to an anchor."""
    return (
        f"training.consolidation.strength: {in_document(strength)}: a step moves a unit by up to {kappa:.2g} "
        "of its distance from the anchor; the variance around the anchor is up to "
        f"{1.0 / (1.0 - kappa / 2.0):.3g} times that of small steps and of engine ode"
    )


def whole_number(low: int, high: int | None) -> str:
    """Return the bounds of a whole number in words."""
    bounds = f">= {low}" if high is None else f"from {low} to {high}"
    return f"it must be a whole number {bounds}"


def in_document(value: Any) -> str:
    """Return a value as it is written in a document, at most 60 characters of it."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def allowed(schema: Mapping) -> str:
    """Return the values that a schema fragment allows, in words."""
    if "enum" in schema:
        choices = [str(choice) for choice in schema["enum"]]
        return "one of " + ", ".join(choices).replace("False", "false").replace("True", "true")
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
    words = " or ".join(_of_type(name, schema, " and ".join(bounds)) for name in types)
    return words + (" without repeats" if schema.get("uniqueItems") else "")


def _of_type(name: str, schema: Mapping, bounds: str) -> str:
    """Return the values of one type that a schema fragment allows, in words."""
    if name in ("integer", "number") and bounds:
        return f"{_TYPES[name]} {bounds}"
    if name == "array" and schema.get("minItems"):
        return f"{_TYPES[name]} of at least {schema['minItems']}"
    if name == "string" and "pattern" in schema:
        return schema["pattern"].strip("^$")
    return _TYPES[name]
