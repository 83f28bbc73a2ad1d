"""Dynamics of online learning in the teacher-student setup.

The names below are imported when they are first used, so that `import teacherstudent` stays fast.
"""

from importlib import import_module

from teacherstudent.files.numba_cache import use_own_folder

use_own_folder()

# Public names, and the modules that define them.
_HOMES = {
    "CheckpointFile": "store.checkpoints",
    "CostEstimate": "experiments.estimates",
    "Curves": "store.curves",
    "OrderParameters": "networks.sampling",
    "Run": "api",
    "RunError": "errors",
    "Spec": "spec.model",
    "SpecError": "errors",
    "Start": "engines.start",
    "Trajectory": "engines.trajectory",
    "cost": "experiments.estimates",
    "load_spec": "spec.parse",
    "load_start": "store.starts",
    "parse_spec": "spec.parse",
    "read_curves": "store.curves",
    "read_run": "api",
    "read_runs": "api",
    "run": "api",
    "run_grid": "grids",
    "simulate": "simulation.runs",
    "simulate_runs": "simulation.runs",
    "write_run": "store.runs",
}

_MODULES = ("analysis", "measures", "plotting")

__all__ = ["__version__", *_MODULES, *_HOMES]


def __getattr__(name: str):
    """Import a public name from its module."""
    if name == "__version__":
        from importlib.metadata import version

        return version("teacherstudent")
    if name in _MODULES:
        return import_module(f"teacherstudent.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"teacherstudent.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names only."""
    return sorted(__all__)
