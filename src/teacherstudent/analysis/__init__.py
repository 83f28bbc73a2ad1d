"""Analysis of the equations of motion: fixed points and their stability, asymptotic errors, plateaus, rates.

Numerical results use the right-hand side of engine `ode` and its exact Jacobian; closed forms are given where
they exist.
"""

from teacherstudent.analysis.asymptotics import denoiser_error, first_layer_error, linear_error
from teacherstudent.analysis.committees import committee, denoiser_state, informed_state, symmetric_state
from teacherstudent.analysis.fixed_points import FixedPoint, fixed_point, long_time_state
from teacherstudent.analysis.learning_rates import (
    critical_learning_rate,
    critical_learning_rate_formula,
    error_decay_rate,
    optimal_learning_rate,
    optimal_learning_rate_formula,
)
from teacherstudent.analysis.plateaus import escape_time, plateau, plateau_error, plateau_length
from teacherstudent.analysis.structured import (
    limit_of_undetermined_labels,
    linear_floor,
    undetermined_labels,
)
from teacherstudent.analysis.structured_fixed_points import AsymptoticState, asymptotic_state

__all__ = [
    "AsymptoticState",
    "FixedPoint",
    "asymptotic_state",
    "committee",
    "critical_learning_rate",
    "critical_learning_rate_formula",
    "denoiser_error",
    "denoiser_state",
    "error_decay_rate",
    "escape_time",
    "first_layer_error",
    "fixed_point",
    "informed_state",
    "limit_of_undetermined_labels",
    "linear_error",
    "linear_floor",
    "long_time_state",
    "optimal_learning_rate",
    "optimal_learning_rate_formula",
    "plateau",
    "plateau_error",
    "plateau_length",
    "symmetric_state",
    "undetermined_labels",
]
