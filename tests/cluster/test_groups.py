"""Several jobs of the workflow in one of the cluster: an experiment, or curves of a longer one."""

import pytest
import yaml

from cluster.slurm import needs_slurm, wait_for
from plans import read
from teacherstudent.experiments.configuration import merged
from teacherstudent.experiments.groups import JOBS_PER_GROUP

pytestmark = needs_slurm


def seconds_of_a_curve(checkout):
    """Return the estimated time of one of the six curves of `several`."""
    files = [checkout.root / "config" / name for name in ("config.yaml", "experiments/example.yaml")]
    plan = read(merged(yaml.safe_load(path.read_text(encoding="utf-8")) for path in files), files)
    return max(job.seconds for job in plan.jobs.values() if job.experiment == "several")


@pytest.fixture(scope="module")
def grouped(make_trouble):
    """A checkout with an experiment that was too long for one job, and a short one that took two attempts."""
    checkout = make_trouble()
    job_seconds = 5.0 * seconds_of_a_curve(checkout) / JOBS_PER_GROUP  # too short a group for six curves
    checkout.edit("config/config.yaml", "job_seconds: 0.001", f"job_seconds: {job_seconds}")
    checkout.run("results/curves/several.h5", "results/curves/hungry.h5")
    wait_for(lambda: len(checkout.slurm.ended(checkout.root)) == 5, "all jobs in the accounting")
    return checkout


def jobs_of(checkout, part):
    return [job for job in checkout.slurm.ended(checkout.root) if part in job["Comment"]]


def test_curves_of_a_long_experiment_share_jobs(grouped):
    four, two = sorted(jobs_of(grouped, "curves_4"), key=lambda job: -int(job["TimelimitRaw"]))
    assert (four["State"], four["ReqMem"], four["TimelimitRaw"]) == ("COMPLETED", "1000M", "12")
    assert (two["State"], two["ReqMem"], two["TimelimitRaw"]) == ("COMPLETED", "1000M", "6")
    assert (grouped.root / "results" / "curves" / "several.h5").is_file()


def test_a_job_of_several_is_sent_again_as_a_whole(grouped):
    first, second = jobs_of(grouped, "hungry")
    assert (first["ReqMem"], first["TimelimitRaw"]) == ("1000M", "13")  # a curve, and collecting it
    assert (second["State"], second["ReqMem"], second["TimelimitRaw"]) == ("COMPLETED", "2000M", "26")
    assert (grouped.root / "results" / "curves" / "hungry.h5").is_file()
