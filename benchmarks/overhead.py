"""Which part of a finished run was not its work: starting jobs, and planning them.

Prints one line about the folder `results`. A start is measured by the jobs of `jobs`, which simulate next
to nothing. The work is the CPU time that the curves recorded, without their starts.
"""

import csv
from pathlib import Path

from jobs import start_seconds
from processes import cpu_seconds, python


def curve_seconds(results: Path) -> list[float]:
    """CPU time of each curve."""
    found = []
    for path in sorted((results / "benchmarks" / "simulate").rglob("*.tsv")):
        with path.open(encoding="utf-8") as file:
            found.append(float(list(csv.DictReader(file, delimiter="\t"))[-1]["cpu_time"]))
    return found


def share(curves: list[float], jobs: int, start: float, plan: float) -> float:
    """Starts and planning over the work of the curves."""
    return (jobs * start + plan) / (sum(curves) - len(curves) * start)


def main(results: Path) -> None:
    """Print the share of a run."""
    curves = curve_seconds(results)
    jobs = sum(
        len(list((results / "logs" / kind).rglob("*.log"))) for kind in ("simulate", "collect", "figures")
    )
    start = start_seconds()
    plan = cpu_seconds(python("-m", "snakemake", "--quiet", "all", "--dry-run"))
    print(
        f"{jobs} jobs of {start:.2f} s each to start, {plan:.1f} s to plan: "
        f"{100 * share(curves, jobs, start, plan):.1f} % of the {sum(curves):.0f} s of CPU time of the curves"
    )


if __name__ == "__main__":
    main(Path("results"))
