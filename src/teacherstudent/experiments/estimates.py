"""Estimates of the time and the memory of the runs of one spec, without a simulation."""

from dataclasses import dataclass

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.memory import record_key
from teacherstudent.experiments.cost import point_terms
from teacherstudent.simulation.engine_check import check
from teacherstudent.simulation.memory import stored_memory
from teacherstudent.spec.parse import SpecLike, as_spec
from teacherstudent.spec.whole_numbers import RUNS


@dataclass(frozen=True)
class CostEstimate:
    """Estimated time and memory of the runs of a spec.

    Parameters
    ----------
    seconds : float
        CPU time of all runs and of storing them, accurate up to a factor of about two.
    bytes : int
        Memory of the process that simulates them.
    largest : str
        Key of the spec that needs most of the memory; `runs` if it is the results of so many runs.
    """

    seconds: float
    bytes: int
    largest: str


def cost(spec: SpecLike, engine: str = "ode", runs: int = 1) -> CostEstimate:
    """Estimate the CPU time and the memory of the runs of a spec, without a simulation.

    The command `teacherstudent cost` prints these numbers.

    Parameters
    ----------
    spec : Spec or mapping or path
        The spec of the runs, as for `run`.
    engine : str
        Name of an engine: network, chain or ode.
    runs : int
        Number of runs, from 1 on.

    Returns
    -------
    CostEstimate
        Seconds, bytes, and the key of the spec that needs most of the memory.

    Raises
    ------
    SpecError
        If the spec or another argument is invalid, or if the engine does not support the spec.

    Examples
    --------
    >>> spec = {"inputs": {"dimension": 100}, "teachers": {"count": 1, "hidden": 1}, "student": {"hidden": 2},
    ...         "training": {"learning_rate": 0.5}, "duration": 10.0}
    >>> 0.0 < cost(spec, "ode").seconds < cost(spec, "ode", runs=1000).seconds
    True
    """
    spec, runs = as_spec(spec), RUNS.checked("runs", runs)
    check(spec, engine)
    own = engine_named(engine)
    together = min(runs, own.batch_limit)
    parts, stored = own.memory([spec] * together), stored_memory(spec, runs)
    computed = sum(parts.values())
    of_results = "runs" if runs > together else record_key(spec)
    largest = max(parts, key=parts.get) if computed > stored else of_results
    seconds = float(point_terms(spec, engine, runs).sum())
    return CostEstimate(seconds, int(max(computed, stored)), largest)
