"""One job of the workflow: all runs at all points of the inner axes of one curve, written to one file."""

import ast
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from teacherstudent.errors.interruption import interruptible_by
from teacherstudent.experiments.collect import RUNS
from teacherstudent.simulation.progress import reporter
from teacherstudent.simulation.runs import simulate_points
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.steps import merged_times
from teacherstudent.store.checkpoints import MINUTES, CheckpointFile
from teacherstudent.store.digest import run_digest
from teacherstudent.store.meaning import meaning
from teacherstudent.store.runs import write_runs


def simulate_job(
    work: Mapping[str, Any], path: str | Path, threads: int = 1, minutes: float = MINUTES
) -> None:
    """Run a job and write its runs, one group for each point of its axes.

    A job that was interrupted resumes from its checkpoints in the folder `path`.checkpoints, which is removed
    at the end.

    Parameters
    ----------
    work : mapping
        The `work` of a `teacherstudent.experiments.jobs.Job`: engine, base spec, inner axes, runs and seed.
    path : path
        The HDF5 file; it is either complete or absent.
    threads : int
        The number of runs that are simulated at the same time, at least 1.
    minutes : float
        The time between two checkpoints; shorter jobs write none.

    Raises
    ------
    SpecError
        If the spec at a point is not valid.
    RunError
        If a run fails, if the file cannot be written, or if a signal ends the job.
    """
    total, checkpoints = work["runs"] * len(list(points(work["inner"]))), CheckpointFile.beside(path, minutes)
    with (
        reporter(total, work["engine"]) as report,
        checkpoints.on_signals(),
        interruptible_by(checkpoints.check_signals),
    ):
        write_runs(path, simulated_points(work, threads, report, checkpoints), run_axis=True)
    checkpoints.remove()


def simulated_points(
    work: Mapping[str, Any], threads: int, report: Callable[[int, float], None], checkpoints: CheckpointFile
) -> Iterator[tuple]:
    """Yield each point of a job as soon as it is finished, in the form that `write_runs` takes.

    Parameters
    ----------
    work : mapping
        The `work` of a `teacherstudent.experiments.jobs.Job`.
    threads : int
        The number of runs that are simulated at the same time, at least 1.
    report : callable
        Called with the number of a run and its completed fraction, between 0 and 1.
    checkpoints : CheckpointFile
        The checkpoints from which runs resume and to which they are saved.

    Yields
    ------
    tuple of (str, Spec, str, int, list of Trajectory)
        Group, spec, engine, seed and the trajectories of all runs at the point.
    """
    engine, seed, runs = work["engine"], work["seed"], work["runs"]
    specs = {name: parse_spec(with_values(work["spec"], values)) for name, values in points(work["inner"])}
    for merged in dict.fromkeys(map(merged_times, specs.values())):
        if merged is not None:
            sys.stderr.write(f"note: {merged}\n")
    found = simulate_points(
        list(specs.values()), engine, seed, runs, threads, report, checkpoints=checkpoints
    )
    for name, spec in specs.items():
        trajectories = list(islice(found, runs))
        for run, trajectory in enumerate(trajectories):
            if trajectory.diverged_at is not None:
                sys.stderr.write(f"warning: {name}, run {run} diverged at t = {trajectory.diverged_at:g}\n")
        yield f"{RUNS}/{name}", spec, engine, seed, trajectories


def job_digest(engine: str) -> str:
    """Return the digest of all code that the file of a job depends on, in hex: its engine and this module.

    Raises ValueError for an unknown engine.
    """
    own = meaning(ast.parse(Path(__file__).read_text(encoding="utf-8")))
    return hashlib.sha256(f"{run_digest(engine)}\n{own}".encode()).hexdigest()
