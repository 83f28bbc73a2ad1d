"""Groups of jobs of the workflow that form one job of a cluster, of some minutes each."""

import math

from teacherstudent.experiments.jobs import Job
from teacherstudent.experiments.plan import Plan

# The time of one job of a cluster, in units of `job_seconds`, the time of one job on a single computer.
JOBS_PER_GROUP = 16
# Numbers of curves of a long experiment in one group; `group-components` in profiles/slurm has the same list.
SIZES = (16, 8, 4, 2)


def experiment_groups(plan: Plan) -> dict[str, str]:
    """Return the names of the groups of all experiments that are short enough for one group.

    The name is that of the first figure that needs the experiment, if all short experiments of this figure
    fit into one group, and otherwise that of the experiment.
    """
    limit = JOBS_PER_GROUP * plan.job_seconds
    seconds = dict.fromkeys(plan.experiments, 0.0)
    for job in plan.jobs.values():
        seconds[job.experiment] += job.seconds
    groups: dict[str, str] = {}
    for figure in plan.figures.values():
        short = [name for name in figure.experiments if name not in groups and seconds[name] <= limit]
        one_group = sum(seconds[name] for name in short) <= limit
        groups |= {name: figure.name if one_group else name for name in short}
    alone = {name: name for name in seconds if name not in groups and seconds[name] <= limit}
    return groups | alone


def curve_group(job: Job, job_seconds: float) -> str | None:
    """Return the name of the group of a curve of a longer experiment: `curves_4` for groups of four curves.

    A curve that is too long for a group with another one has no group: None.
    """
    number = JOBS_PER_GROUP * job_seconds / job.seconds
    size = next((size for size in SIZES if size <= number), None)
    return size and f"curves_{size}"


def minutes(seconds: float, attempt: int) -> int:
    """Return the time limit in minutes of the n-th attempt of a job, from its estimated CPU time in seconds.

    The limit is four times the estimate plus two minutes, for compilation and for slow nodes.
    """
    return attempt * math.ceil(2.0 + 4.0 * seconds / 60.0)
