"""The command `cost`: estimates of the time and the memory of runs, without a simulation."""

from rich import box
from rich.table import Table
from rich.text import Text

from teacherstudent.command.printing import print_table
from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import size_in_words
from teacherstudent.experiments.estimates import cost as estimate
from teacherstudent.simulation.engine_check import check
from teacherstudent.simulation.progress import duration
from teacherstudent.spec.model import Spec

COLUMNS = ("engine", "CPU time", "memory", "note")
SHORT = 10.0  # seconds that are shown with decimals


def print_costs(spec: Spec, engine: str | None, runs: int) -> None:
    """Print a table with the estimates for one engine, or for all engines.

    Parameters
    ----------
    spec : Spec
        The spec of the runs.
    engine : str or None
        The name of the engine. None for all; those that do not support the spec are listed with the reason.
    runs : int
        The number of runs, at least 1.

    Raises
    ------
    SpecError
        If the engine with this name does not support the spec.
    """
    if engine is not None:
        check(spec, engine)
    table = Table(*COLUMNS, box=box.SIMPLE_HEAD)
    for name in ENGINES if engine is None else [engine]:
        table.add_row(name, *map(Text, _estimates(spec, name, runs)))
    print_table(table)


def _estimates(spec: Spec, engine: str, runs: int) -> tuple[str, str, str]:
    """Return time, memory, and what needs most of it, or the reason why the engine is not possible."""
    try:
        found = estimate(spec, engine, runs)
    except SpecError as error:
        return "", "", f"not possible: {error}"
    return _time(found.seconds), size_in_words(found.bytes), f"memory mostly for {found.largest}"


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < SHORT else duration(seconds)
