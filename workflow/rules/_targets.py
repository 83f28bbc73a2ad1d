"""Targets of the command line that do not exist, which Snakemake 9.27 answers with a traceback."""

import os
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from snakemake.cli import get_argument_parser

SHOWN = 3  # of the names that are closest


def asked_for() -> list[str]:
    """List the targets on the command line; none where Snakemake was not started from there."""
    program = Path(sys.argv[0])
    if "snakemake" not in (program.stem, program.parent.name):
        return []
    options = get_argument_parser().parse_args(sys.argv[1:])
    return sorted({*options.targets, *options.forcerun, *options.until, *options.omit_from})


def unknown(target: str, names: Iterable[str], files: Iterable[str]) -> str:
    """Say in one line that no rule has the name of a target or makes it, and which targets are closest."""
    is_path = os.sep in target
    close = get_close_matches(
        os.path.relpath(target) if is_path else target, sorted(files if is_path else names), SHOWN
    )
    advice = f"closest: {', '.join(close)}" if close else "`snakemake --list` lists all rules"
    return f"error: there is no target {target} ({advice})"
