"""How the work of the configurations is made into jobs: locally, and on a cluster."""

import itertools
from collections import Counter

import pytest
import yaml
from snakemake.common.configfile import load_configfile

from plans import FILES, QUICK, ROOT, config, read
from samples import document
from teacherstudent.experiments.configuration import merged
from teacherstudent.experiments.groups import JOBS_PER_GROUP, SIZES, curve_group, experiment_groups, minutes

CLUSTER = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=[[], [QUICK]], ids=["paper", "quick"])
def plan(request):
    return read(merged(map(load_configfile, FILES + request.param)), FILES, request.param)


def grid_plan(engine, outer, **changes):
    """A plan with an experiment without a figure, `grid`, beside another one."""
    spec = document(inputs={"dimension": 1000}, record={"count": 301}, **changes)
    experiments = config()["experiments"] | {"grid": {"spec": spec, "engines": {engine: {"outer": outer}}}}
    return read(config(experiments=experiments))


def minutes_of_groups(plan):
    """Estimate the minutes of all jobs of a cluster that are no single curves, by their names."""
    shared, found = experiment_groups(plan), Counter()
    for job in plan.jobs.values():
        group = shared.get(job.experiment) or curve_group(job, plan.job_seconds)
        if group:
            found[group] += job.seconds / 60
    return found


def test_cells_that_share_a_file_take_no_longer_than_a_job_should(plan):
    shared = [job for job in plan.jobs.values() if ".." in job.curve]
    assert all(job.seconds <= plan.job_seconds for job in shared)


def test_curves_that_take_longer_are_single_runs_or_share_work(plan):
    """The first phase of networks is the same for all similarities that are in a job."""
    for job in plan.jobs.values():
        if job.seconds > 1.5 * plan.job_seconds and job.work["inner"]:
            assert job.engine == "network", job
            assert all(key.endswith(".similarity") for key in job.work["inner"]), job


def test_no_job_of_a_cluster_is_too_long(plan):
    for name, taken in minutes_of_groups(plan).items():
        if not name.startswith("curves_"):
            assert taken <= 15, name
    for job in plan.jobs.values():
        size = int((curve_group(job, plan.job_seconds) or "curves_1").removeprefix("curves_"))
        assert size == 1 or size * job.seconds / 60 <= 15


def test_a_grid_of_20000_short_runs_becomes_few_jobs():
    plan = grid_plan(
        "ode",
        {
            "training.learning_rate": {"linspace": [0.1, 2.0, 200]},
            "teachers.output_noise": {"linspace": [0.0, 0.5, 100]},
        },
    )
    listed = plan.jobs_of("grid")["ode"]
    assert 10 <= len(listed) <= 200
    assert all(job.seconds <= plan.job_seconds for job in listed)
    assert {curve_group(job, plan.job_seconds) for job in listed} == {"curves_16"}


@pytest.mark.parametrize("duration", [60.0, 120.0, 200.0, 500.0, 1000.0, 3000.0, 10_000.0])
def test_jobs_of_long_grids_last_minutes(duration):
    """Groups are between 5 and 15 minutes unless a single curve is longer."""
    plan = grid_plan("network", {"training.learning_rate": {"linspace": [0.1, 2.0, 300]}}, duration=duration)
    listed = plan.jobs_of("grid")["network"]
    names = {curve_group(job, plan.job_seconds) for job in listed}
    mean = sum(job.seconds for job in listed) / len(listed)
    for name in names:
        if name is None:
            assert mean > JOBS_PER_GROUP * plan.job_seconds / 2
        else:
            assert 5 <= int(name.removeprefix("curves_")) * mean / 60 <= 15


def test_experiments_of_a_figure_share_a_job_of_a_cluster():
    experiments = {name: config()["experiments"]["errors"] for name in ("one", "two", "other", "unused")}
    figures = {
        "first": {"paper": "lee", "experiments": ["one", "two"]},
        "second": {"paper": "lee", "experiments": ["two", "other"]},
    }
    entry = config(experiments=experiments, figures=figures)
    plan = read(entry)
    assert experiment_groups(plan) == {
        "one": "first", "two": "first", "other": "second", "unused": "unused",
    }  # fmt: skip
    each = sum(job.seconds for job in itertools.chain(*plan.jobs_of("one").values()))
    short = read(entry | {"job_seconds": 1.5 * each / JOBS_PER_GROUP})
    assert experiment_groups(short) == {
        "one": "one", "two": "two", "other": "second", "unused": "unused",
    }  # fmt: skip
    shorter = read(entry | {"job_seconds": 0.9 * each / JOBS_PER_GROUP})
    assert experiment_groups(shorter) == {}


def test_the_cluster_profile_has_the_sizes_of_the_groups():
    assert CLUSTER["group-components"] == {f"curves_{size}": size for size in SIZES}
    assert CLUSTER["cores"] == 1  # the time of a group is the sum of its jobs' times, memory the largest


def test_a_job_may_take_several_times_its_estimate():
    assert [minutes(seconds, 1) for seconds in (1.0, 40.0, 640.0)] == [3, 5, 45]
    assert minutes(40.0, attempt=3) == 15
