"""Which short jobs share a process: those of one engine and of experiments for the same figures."""

import pytest
from snakemake.common.configfile import load_configfile

from plans import FILES, QUICK, config, read
from samples import document
from teacherstudent.experiments.configuration import merged
from teacherstudent.experiments.paths import run_file
from teacherstudent.experiments.sharing import SHORT, shared_collections, shared_jobs

LONG = {"outer": {"training.learning_rate": [0.1, 0.2, 0.3]}, "runs": 10_000_000}


def plan(figures, **engines):
    """A plan with an experiment for each keyword: its engines."""
    experiments = {name: {"spec": document(), "engines": entry} for name, entry in engines.items()}
    entries = {name: {"paper": "lee", "experiments": names} for name, names in figures.items()}
    return read(config(experiments=experiments, figures=entries))


def shared(plan):
    return {(job.name, job.engine): [one.experiment for one in job.jobs] for job in shared_jobs(plan)}


def test_short_jobs_of_an_engine_share_a_process():
    both = {"ode": {}, "chain": {}}
    made = plan({"one": ["a", "b", "c"]}, a=both, b={"ode": {}}, c=both)
    assert shared(made) == {("a", "ode"): ["a", "b", "c"], ("a", "chain"): ["a", "c"]}
    assert shared_collections(made) == [["a", "b", "c"]]
    (ode, _) = shared_jobs(made)
    assert ode.seconds == pytest.approx(sum(job.seconds for job in made.jobs.values() if job.engine == "ode"))


def test_experiments_share_a_process_if_they_are_for_the_same_figures():
    ode = {"ode": {}}
    made = plan(
        {"one": ["a", "b", "c"], "two": ["c", "d"], "three": ["e"]}, a=ode, b=ode, c=ode, d=ode, e=ode
    )
    assert shared(made) == {("a", "ode"): ["a", "b"]}
    assert shared_collections(made) == [["a", "b"]]


def test_long_jobs_have_a_process_of_their_own():
    made = plan({"one": ["a", "b", "c"]}, a={"chain": {}}, b={"chain": LONG}, c={"chain": {}})
    assert shared(made) == {("a", "chain"): ["a", "c"]}
    assert shared_collections(made) == [["a", "c"]]
    made = plan({"one": ["a", "b"]}, a={"chain": {}}, b={"chain": LONG})
    assert shared(made) == {}
    assert shared_collections(made) == []


@pytest.mark.parametrize("overlays", [[], [QUICK]], ids=["paper", "quick"])
def test_shared_jobs_of_this_repository(overlays):
    """Each job is in one process at most, all files of an experiment and engine are, and names are unique."""
    made = read(merged(map(load_configfile, FILES + overlays)), FILES, overlays)
    found = shared_jobs(made)
    files = [run_file(job) for entry in found for job in entry.jobs]
    assert len(files) == len(set(files)) >= 30
    assert len({(entry.name, entry.engine) for entry in found}) == len(found)
    for entry in found:
        assert {job.engine for job in entry.jobs} == {entry.engine}
        assert all(job.seconds <= SHORT * made.job_seconds for job in entry.jobs)
        for job in entry.jobs:
            assert made.jobs_of(job.experiment)[entry.engine] == [job]
    names = [name for group in shared_collections(made) for name in group]
    assert len(names) == len(set(names))
