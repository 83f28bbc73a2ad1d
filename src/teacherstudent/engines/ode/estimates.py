"""Estimated time and memory of engine `ode`.

Times are for one core of a shared virtual server, and correct within a factor of two.
"""

import math
from collections.abc import Sequence

from teacherstudent.engines.memory import NUMBER, Parts, record_key, record_memory, sampling_memory, with_part
from teacherstudent.spec.model import Spec

# Seconds of a run, and in addition, for each K^3, of a run until t = 1000; later steps are longer.
RUN, UNITS = 0.003, 0.00013
STAGES = 41  # number of states of the equations in the work space of the integrator


def cost(spec: Spec, runs: int) -> tuple[float, ...]:
    """Estimate the CPU seconds of all runs of a spec (`Engine.cost`)."""
    return RUN * runs, UNITS * runs * spec.student.hidden**3 * math.sqrt(spec.duration / 1000.0)


def memory(specs: Sequence[Spec]) -> Parts:
    """Estimate the peak memory of a batch in bytes (`Engine.memory`)."""
    (spec,) = specs
    K, PM = spec.student.hidden, spec.teachers.count * spec.teachers.hidden
    state = K * (K + PM) + spec.heads * K
    sampling = 0.0 if spec.initial_overlaps is not None else sampling_memory(spec)
    work = NUMBER * (STAGES * state + 6 * (K + PM) ** 2)
    parts = {"inputs.dimension": max(0.0, sampling - work), "student.hidden": work}
    return with_part(parts, record_key(spec), record_memory(spec, "all"))
