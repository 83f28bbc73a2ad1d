"""The engines by their names."""

from importlib import import_module

from teacherstudent.errors import refuse

ENGINES = ("network", "chain", "ode")


def module_name(engine: str) -> str:
    """Return the full name of the module of an engine."""
    return f"teacherstudent.engines.{engine}.engine"


def engine_module(engine: str):
    """Import the module of an engine by its name; SpecError where there is none of this name."""
    if engine not in ENGINES:
        refuse("engine", engine, f"it must be one of {', '.join(ENGINES)}")
    return import_module(module_name(engine))
