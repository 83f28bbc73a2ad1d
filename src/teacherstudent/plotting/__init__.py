"""Figures of runs, drawn with seaborn and matplotlib, both imported with the first name that is used."""

from importlib import import_module

_HOMES = {"as_bytes": "settings", "plot_runs": "quick_looks"}

__all__ = [*_HOMES]


def __getattr__(name: str):
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
