"""Short work that shares a process, because its start would take longer.

What shares a process is needed for the same figures, and each part is short by its own estimate: a change of
one experiment computes the others of its process again, and does not move them to another one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from teacherstudent.experiments.jobs import Job
from teacherstudent.experiments.plan import Plan

# The longest jobs that share a process, in units of `job_seconds`, the time of a job with several cells.
SHORT = 1 / 16


@dataclass(frozen=True)
class SharedJob:
    """Jobs of one engine, each of which is all that its experiment runs on this engine."""

    name: str  # of the first experiment
    engine: str
    jobs: list[Job]

    @property
    def seconds(self) -> float:
        """The estimated CPU time of all jobs."""
        return sum(job.seconds for job in self.jobs)


def shared_jobs(plan: Plan) -> list[SharedJob]:
    """Return the short jobs of an engine that share a process, two or more in each."""
    found: dict[tuple, list[Job]] = {}
    for name, figures in _figures(plan).items():
        for engine, jobs in plan.jobs_of(name).items():
            if len(jobs) == 1 and jobs[0].seconds <= SHORT * plan.job_seconds:
                found.setdefault((figures, engine), []).append(jobs[0])
    return [SharedJob(jobs[0].experiment, jobs[0].engine, jobs) for jobs in _several(found.values())]


def shared_collections(plan: Plan) -> list[list[str]]:
    """Return the experiments that are collected by one process, two or more in each.

    The runs of such an experiment take at most `job_seconds`.
    """
    found: dict[tuple, list[str]] = {}
    for name, figures in _figures(plan).items():
        seconds = sum(job.seconds for jobs in plan.jobs_of(name).values() for job in jobs)
        if seconds <= plan.job_seconds:
            found.setdefault(figures, []).append(name)
    return _several(found.values())


def _figures(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the names of the figures that need each experiment."""
    found: dict[str, tuple[str, ...]] = {}
    for figure in plan.figures.values():
        for name in figure.experiments:
            found[name] = (*found.get(name, ()), figure.name)
    return found


def _several(lists: Iterable[list]) -> list[list]:
    """Return the lists with two or more entries."""
    return [entries for entries in lists if len(entries) > 1]
