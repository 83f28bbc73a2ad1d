"""Run one curve of an experiment: all points of the inner axes, each with all runs."""

import sys
from collections.abc import Callable, Iterator
from itertools import islice

from _logs import logged
from teacherstudent.errors.interruption import looking
from teacherstudent.experiments.collect import RUNS
from teacherstudent.simulation.progress import reporter
from teacherstudent.simulation.runs import simulate_points
from teacherstudent.spec.axes import points, with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.spec.steps import merged_times
from teacherstudent.store.checkpoints import MINUTES, CheckpointFile
from teacherstudent.store.runs import write_runs


def main(work: dict, path: str, threads: int = 1, minutes: float = MINUTES) -> None:
    """Run a job (the `work` of `experiments.jobs.Job`) and write its runs, one group per point.

    A job that was killed resumes from its checkpoints, which long ones write every so many minutes.
    """
    total, checkpoints = work["runs"] * len(list(points(work["inner"]))), CheckpointFile.beside(path, minutes)
    with (
        reporter(total, work["engine"]) as report,
        checkpoints.on_signals(),
        looking(checkpoints.look),
    ):
        write_runs(path, entries(work, threads, report, checkpoints), run_axis=True)
    checkpoints.remove()


def entries(
    work: dict, threads: int, report: Callable[[int, float], None], checkpoints: CheckpointFile
) -> Iterator[tuple]:
    """Yield (group, spec, engine, seed, trajectories) of each point, as it is finished."""
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


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minutes = snakemake.resources.get("checkpoint_minutes", MINUTES)
        main(snakemake.params.work, snakemake.output[0], snakemake.threads, minutes)
