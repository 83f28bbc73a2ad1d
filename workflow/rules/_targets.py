"""Message for targets of the command line that do not exist; Snakemake 9.27 prints a traceback for them."""

import os
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from snakemake.cli import get_argument_parser

from fetch_dataset import COLLECTIONS

SHOWN = 3  # number of closest names in the message
# Names of rules, which figures and papers must not have.
RULES = (
    *("all", "simulate", "collect", "gather_claims", "measure_agreement", "write_claims_page", "verify"),
    *("settings", "explorer", "animations", "dataset_digits", "dataset_mnist_5k"),
    *(f"fetch_{collection}" for collection in COLLECTIONS),
)


def requested() -> list[str]:
    """List the targets on the command line; an empty list if Snakemake was started from Python."""
    program = Path(sys.argv[0])
    if "snakemake" not in (program.stem, program.parent.name):
        return []
    options = get_argument_parser().parse_args(sys.argv[1:])
    return sorted({*options.targets, *options.forcerun, *options.until, *options.omit_from})


def unknown(target: str, names: Iterable[str], files: Iterable[str]) -> str:
    """Return the message for a target that is neither a rule nor a file made by one.

    Parameters
    ----------
    target : str
        The name or the path on the command line.
    names : iterable of str
        The names of all targets.
    files : iterable of str
        The files that the rules make.

    Returns
    -------
    str
        One line with the closest names.
    """
    is_path = os.sep in target
    close = get_close_matches(
        os.path.relpath(target) if is_path else target, sorted(files if is_path else names), SHOWN
    )
    advice = f"closest: {', '.join(close)}" if close else "`snakemake --list` lists all rules"
    return f"error: there is no target {target} ({advice})"
