"""Which jobs of the workflow share one job of a cluster: as many as take some minutes."""

import math

from _config import Plan
from teacherstudent.experiments.jobs import Job

# So many times what a job takes on one computer, `job_seconds` of the configuration.
MANY = 16
# Curves of long experiments go together by so many; `group-components` in profiles/slurm says the same.
SIZES = (16, 8, 4, 2)


def experiment_groups(plan: Plan) -> dict[str, str]:
    """Name the groups of the experiments that are short enough for one.

    It is that of the first figure that shows them, where all short ones of this figure fit into one.
    """
    limit = MANY * plan.job_seconds
    seconds = dict.fromkeys(plan.experiments, 0.0)
    for job in plan.jobs.values():
        seconds[job.experiment] += job.seconds
    groups: dict[str, str] = {}
    for figure in plan.figures.values():
        short = [name for name in figure.experiments if name not in groups and seconds[name] <= limit]
        together = sum(seconds[name] for name in short) <= limit
        groups |= {name: figure.name if together else name for name in short}
    alone = {name: name for name in seconds if name not in groups and seconds[name] <= limit}
    return groups | alone


def curve_group(job: Job, job_seconds: float) -> str | None:
    """Name the group of a curve of a longer experiment: `curves_4` if four of its length go together."""
    fitting = MANY * job_seconds / job.seconds
    size = next((size for size in SIZES if size <= fitting), None)
    return size and f"curves_{size}"


def minutes(seconds: float, attempt: int) -> int:
    """Return how long a job of some seconds may take: it may have to compile, on a slow node."""
    return attempt * math.ceil(2.0 + 4.0 * seconds / 60.0)
