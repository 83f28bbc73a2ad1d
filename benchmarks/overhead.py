"""Which part of a finished run was not its work: starting jobs, and planning them.

Prints one line about the folder `results`. A start is measured by jobs that import what curves import and
do no more; the work is the CPU time that the curves recorded, without their starts.
"""

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

JOBS = 8
SNAKEFILE = """
rule all:
    input: [f"{i}.done" for i in range(config["jobs"])]

rule empty:
    output: "{i}.done"
    script: "empty.py"
"""
EMPTY = """
import teacherstudent.experiments.simulate
from importlib import import_module
from teacherstudent.engines.base import ENGINES
[import_module(module) for engine in ENGINES.values() for module in engine.modules]
open(snakemake.output[0], "w").close()
"""
SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"


def snakemake_seconds(folder: Path, *arguments: str) -> float:
    """CPU time of a call of Snakemake and of all its jobs."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(SCRIPTS), os.environ.get("PYTHONPATH", "")])
    }
    command = [sys.executable, "-m", "snakemake", "--quiet", "all", "--cores", "1", *arguments]
    before = os.times()
    subprocess.run(command, cwd=folder, env=environment, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def start_seconds() -> float:
    """CPU time of a job that does nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
        (folder / "empty.py").write_text(EMPTY, encoding="utf-8")
        snakemake_seconds(folder, "--config", "jobs=1")
        nothing = snakemake_seconds(folder, "--config", "jobs=1")
        return (snakemake_seconds(folder, "--config", f"jobs={1 + JOBS}") - nothing) / JOBS


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
    plan = snakemake_seconds(Path(__file__).parents[1], "--dry-run")
    print(
        f"{jobs} jobs of {start:.2f} s each to start, {plan:.1f} s to plan: "
        f"{100 * share(curves, jobs, start, plan):.1f} % of the {sum(curves):.0f} s of CPU time of the curves"
    )


if __name__ == "__main__":
    main(Path("results"))
