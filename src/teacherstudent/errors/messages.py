"""Texts that several errors share.

Digests of code exclude this module, so that a new wording does not make results outdated: results must not
depend on it.
"""

import json
from typing import Any

# Message about a file whose content does not have its digest.
CHANGED = (
    "it was changed after it was written; "
    "if that was you, run `teacherstudent accept` on it, otherwise make it again"
)

_BYTES = {"TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3}


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


def readable(text: str) -> str:
    r"""Return a text in which bytes that are not UTF-8, as in names of files, are shown as in \xff."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


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


def size_in_words(size: float) -> str:
    """Return a number of bytes in the unit that suits it, with two digits or more, such as "1.2 GB"."""
    unit = next((unit for unit, one in _BYTES.items() if size >= one), "kB")
    number = size / _BYTES[unit]
    return f"{number:.2g} {unit}" if number < 9.95 else f"{number:.0f} {unit}"


def in_document(value: Any) -> str:
    """Return a value as it is written in a document, at most 60 characters of it."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
