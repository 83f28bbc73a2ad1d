"""Measures and claims of maps of wide networks with a switch at a given error, for any number of runs."""

from functools import partial

import numpy as np
from _lee2021 import errors, inputs
from _lee2021_maps import UNITS, as_published, switch
from _lee2021_trends import THREE, compatible, contrast, settled

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim

STEPS = 1_500_000  # between the switch and the end of the measures, for students of 1000 units
FORGOTTEN = (
    "Equal tasks are forgotten least at the end: mean of all others minus that of equal tasks, in decades"
)
GAINED = (
    "Equal tasks have the largest transfer at the end: their transfer minus the mean of all others, in "
    "decades"
)
NORMALISED = "normalised maps over 41 runs in the authors' notebook"


def start(maps):
    """Return the last recorded time before the switch, (feature similarity, readout similarity, run)."""
    moment = switch(maps)
    before = maps.time[np.searchsorted(maps.time, moment, side="right") - 1]
    return np.where(np.isfinite(moment), before, np.nan)


def measured(maps):
    """Return forgetting and transfer at the end and at the largest, (feature, readout similarity, run).

    All runs end at the same step, and their switches differ: records after the fixed number of steps are not
    part of the measures.
    """
    moment, time, (first, second) = start(maps), maps.time, (errors(maps, task) for task in (0, 1))
    after = STEPS / inputs(maps) * maps.spec.student.hidden / UNITS
    late = time > moment[..., None] + after
    has_end = moment + after <= time[-1]
    found = {
        "forgetting at the end": measures.forgetting(time, first, moment, after),
        "maximal forgetting": measures.maximal_forgetting(time, np.where(late, 0.0, first), moment),
        "transfer at the end": measures.transfer(time, second, moment, after),
        "maximal transfer": measures.maximal_transfer(time, np.where(late, np.inf, second), moment),
    }
    return {name: np.where(has_end, values, np.nan) for name, values in found.items()}


def threshold_claims(figure, maps):
    """State the error at the switch, and which differences between equal and other tasks are settled.

    Parameters
    ----------
    figure : str
        The name of the figure.
    maps : Curves
        Runs with a switch at a given error.

    Returns
    -------
    list of Claim
    """
    claim = partial(Claim, figure, source=NORMALISED)
    values, moment = measured(maps), start(maps)
    reached = measures.log10_error_at(maps.time, errors(maps, 0), moment)
    return [
        claim(
            "log10 of the error of task 1 at the last recorded time before the switch, largest of all runs.",
            value=np.max(reached, initial=-np.inf, where=np.isfinite(reached)),
            low=-4.1,
            high=-3.9,
        ),
        *(equal_tasks(claim, values) if as_published(maps) and maps.runs > THREE else []),
    ]


def equal_tasks(claim, values):
    """State that equal tasks are forgotten least, and that they may have the largest transfer."""
    forgotten, gained = (contrast(values[name]) for name in ("forgetting at the end", "transfer at the end"))
    yield settled(claim, f"{FORGOTTEN}, mean over runs", -forgotten, 1)
    yield compatible(claim, f"{GAINED}, mean over runs", gained, 1)
