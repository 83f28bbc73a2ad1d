"""Measures of continual learning: numbers computed from the arrays of a run.

`learning_curves` has forgetting, transfer and related measures of errors, `units` the use and the movement of
student units, `interventions` what an intervention needs for a given effect.
"""

from teacherstudent.measures.interventions import replay_needed
from teacherstudent.measures.learning_curves import (
    adjusted_forgetting,
    forgetting,
    forgetting_time,
    initial_forgetting_rate,
    initial_transfer_rate,
    log10_error,
    log10_error_at,
    maximal_forgetting,
    maximal_transfer,
    tabula_rasa_transfer,
    transfer,
)
from teacherstudent.measures.units import anchor_cosines, contributions, movement, reuse, specialisation

__all__ = [
    "adjusted_forgetting",
    "anchor_cosines",
    "contributions",
    "forgetting",
    "forgetting_time",
    "initial_forgetting_rate",
    "initial_transfer_rate",
    "log10_error",
    "log10_error_at",
    "maximal_forgetting",
    "maximal_transfer",
    "movement",
    "replay_needed",
    "reuse",
    "specialisation",
    "tabula_rasa_transfer",
    "transfer",
]


def __dir__() -> list[str]:
    """Return the names of the measures, for completion."""
    return __all__
