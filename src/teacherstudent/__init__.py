"""Dynamics of online learning in the teacher-student setup.

The names below are imported when they are first used, so that `import teacherstudent` stays fast.
"""

from importlib import import_module

from teacherstudent import _numba_cache

_numba_cache.use_own_folder()

_HOMES = {
    "Run": "notebook",
    "RunError": "errors",
    "Spec": "spec",
    "SpecError": "errors",
    "Start": "start",
    "Trajectory": "trajectory",
    "load_spec": "spec",
    "load_start": "continuation",
    "parse_spec": "spec",
    "read_run": "store",
    "run": "notebook",
    "simulate": "simulation",
    "simulate_runs": "simulation",
    "write_run": "store",
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
    return sorted({*globals(), *__all__})
