"""Run one curve of an experiment: all points of the inner axes, each with all runs."""

import sys
from collections.abc import Iterator

from _logs import logged

from teacherstudent.axes import points, with_values
from teacherstudent.collect import RUNS
from teacherstudent.run import simulate_runs
from teacherstudent.spec import parse_spec
from teacherstudent.store import write_runs


def main(work: dict, path: str, threads: int = 1) -> None:
    """Run a job (the `work` of `teacherstudent.experiments.Job`) and write its runs, one group per point."""
    write_runs(path, entries(work, threads), run_axis=True)


def entries(work: dict, threads: int) -> Iterator[tuple]:
    """Yield (group, spec, engine, seed, trajectories) of each point, as it is finished."""
    engine, seed = work["engine"], work["seed"]
    for name, values in points(work["inner"]):
        spec = parse_spec(with_values(work["spec"], values))
        trajectories = list(simulate_runs(spec, engine, seed, work["runs"], threads))
        for run, trajectory in enumerate(trajectories):
            if trajectory.diverged_at is not None:
                print(f"warning: {name}, run {run} diverged at t = {trajectory.diverged_at:g}", file=sys.stderr)
        yield f"{RUNS}/{name}", spec, engine, seed, trajectories


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.params.work, snakemake.output[0], snakemake.threads)
