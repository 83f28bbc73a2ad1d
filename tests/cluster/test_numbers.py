"""A run through Slurm makes the same files as one on this machine, in few jobs with much work each."""

import shutil

import pytest

from checkouts import ROOT
from cluster.slurm import needs_slurm, wait_for

pytestmark = needs_slurm

TARGETS = "lee2021_tabula_rasa", "lee2021_measures"
QUICK = (*TARGETS, "--configfile", "config/quick.yaml")


@pytest.fixture(scope="module")
def quick(checkouts):
    """A checkout in which figures were made through Slurm, and the results of making them here before."""
    checkout = checkouts(ROOT / "config")
    checkout.snakemake(*QUICK, "--cores", "2", compiled=True)
    local = checkout.results()
    shutil.rmtree(checkout.root / "results")
    shutil.rmtree(checkout.root / ".snakemake")
    checkout.run(*QUICK, compiled=True)
    return checkout, local


def test_figures_have_the_same_bytes(quick):
    checkout, local = quick
    found = checkout.results()
    assert set(found) == set(local)
    assert [path for path in local if found[path] != local[path]] == []
    assert len([path for path in local if path.startswith("figures/")]) == 4 * len(TARGETS)


def test_everything_of_a_figure_is_one_job(quick):
    checkout, _ = quick
    wait_for(lambda: len(ended(checkout)) >= len(TARGETS), "all jobs in the accounting")
    assert [job["State"] for job in ended(checkout)] == ["COMPLETED"] * len(TARGETS)


def ended(checkout):
    return checkout.slurm.ended(checkout.root)
