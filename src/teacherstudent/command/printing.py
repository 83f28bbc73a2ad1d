"""Printing of tables."""

import sys

from rich.console import Console
from rich.table import Table

UNLIMITED = 10_000  # columns: without a terminal, lines are not wrapped


def print_table(table: Table) -> None:
    """Print a table with the width of the terminal, or without a limit if the output is not a terminal."""
    Console(width=None if sys.stdout.isatty() else UNLIMITED).print(table)
