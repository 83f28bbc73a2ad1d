"""How fast the engines are: ratios to plain reference loops, timed in the same run.

Prints a table and writes results/benchmarks/speed.csv, and the cost of a step against the number of inputs
as cost_per_step.csv, .pdf and .png. Times are CPU time of one thread, medians of several repeats; `make
benchmark` keeps the linear algebra of the reference on that thread.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

import cost
import cubature
import equations
import estimates
import grids
import lanes
import manifolds
import simulations
import starting
from timing import COLUMNS

RESULTS = Path(__file__).parents[1] / "results" / "benchmarks"
WIDTHS = (66, 9, 10, 9, 9, 10)


def show(cells: Iterable[str]) -> None:
    """Print one line of the table."""
    *texts, verdict = cells
    print(*(text.ljust(width) for text, width in zip(texts, WIDTHS, strict=True)), verdict, flush=True)


def main() -> None:
    """Time everything, print the table as it grows, store it and draw the cost of a step."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    show(COLUMNS)
    with (RESULTS / "speed.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for part in (simulations, manifolds, equations, lanes, cubature, grids, starting, estimates):
            for line in part.lines():
                show(line.cells())
                writer.writerow(line.cells())
    cost.make(RESULTS)


if __name__ == "__main__":
    main()
