"""Analysis of the equations of motion: fixed points and their stability, asymptotic errors, plateaus, rates.

Numerical results use the right-hand side of engine `ode` and its exact Jacobian; closed forms are given where
they exist.
"""

from teacherstudent.analysis.asymptotics import denoiser_error, first_layer_error, linear_error
from teacherstudent.analysis.committees import committee, denoiser_state, informed_state, symmetric_state
from teacherstudent.analysis.fixed_points import (
    FixedPoint,
    fixed_point,
    fixed_points,
    long_time_state,
    long_time_states,
)
from teacherstudent.analysis.learning_rates import (
    critical_learning_rate,
    critical_learning_rate_formula,
    error_decay_rate,
    optimal_learning_rate,
    optimal_learning_rate_formula,
)
from teacherstudent.analysis.plateaus import escape_time, plateau, plateau_error, plateau_length, plateaus
from teacherstudent.analysis.reward_fates import (
    critical_reward_rate,
    largest_penalty,
    learns,
    phase_map,
    separatrix,
)
from teacherstudent.analysis.reward_fixed_points import (
    CriticalPenalty,
    RewardFixedPoint,
    critical_penalty,
    reward_fixed_points,
)
from teacherstudent.analysis.reward_schedules import (
    optimal_episode_length,
    optimal_reward_rate,
    optimal_schedule_error,
)
from teacherstudent.analysis.structured import (
    limit_of_undetermined_labels,
    linear_floor,
    undetermined_labels,
)
from teacherstudent.analysis.structured_fixed_points import AsymptoticState, asymptotic_state

__all__ = [
    "AsymptoticState",
    "CriticalPenalty",
    "FixedPoint",
    "RewardFixedPoint",
    "asymptotic_state",
    "committee",
    "critical_learning_rate",
    "critical_learning_rate_formula",
    "critical_penalty",
    "critical_reward_rate",
    "denoiser_error",
    "denoiser_state",
    "error_decay_rate",
    "escape_time",
    "first_layer_error",
    "fixed_point",
    "fixed_points",
    "informed_state",
    "largest_penalty",
    "learns",
    "limit_of_undetermined_labels",
    "linear_error",
    "linear_floor",
    "long_time_state",
    "long_time_states",
    "optimal_episode_length",
    "optimal_learning_rate",
    "optimal_learning_rate_formula",
    "optimal_reward_rate",
    "optimal_schedule_error",
    "phase_map",
    "plateau",
    "plateau_error",
    "plateau_length",
    "plateaus",
    "reward_fixed_points",
    "separatrix",
    "symmetric_state",
    "undetermined_labels",
]


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return __all__
