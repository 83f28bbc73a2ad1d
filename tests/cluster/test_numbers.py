"""The small form of everything through Slurm has the same files as on this machine, in few jobs."""

import shutil

import pytest

from checkouts import ROOT
from cluster.slurm import needs_slurm, wait_for
from teacherstudent.files.yaml_documents import read_yaml

pytestmark = needs_slurm

QUICK = ("--configfile", "config/quick.yaml")
EXPERIMENTS = (ROOT / "config" / "experiments").glob("*.yaml")
PAPERS = read_yaml(ROOT / "config" / "config.yaml")["papers"]  # other papers are made only if they are named
FIGURES = sum(
    figure["paper"] in PAPERS for path in EXPERIMENTS for figure in read_yaml(path)["figures"].values()
)
OTHERS = 5  # the page with sliders, the agreement of engines, and three animations
KEPT = "results", ".snakemake"
# What must be the same files; in the repository there may be other pages, and runs of other curves.
NAMED = (
    "animations",
    "claims",
    "curves",
    "datasets",
    "explorer.html",
    "figures",
    "settings.html",
    "verification",
)


@pytest.fixture(scope="module")
def quick(checkouts):
    """A checkout in which the small form was made through Slurm, and the results of making it here before.

    What `make quick` has made in the repository is not made again: Snakemake knows what is up to date.
    """
    checkout = checkouts(ROOT / "config")
    for folder in KEPT:
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, checkout.root / folder)
    checkout.snakemake(*QUICK, "--cores", "2", compiled=True)
    local = checkout.results()
    for folder in KEPT:
        shutil.rmtree(checkout.root / folder)
    checkout.run(*QUICK, compiled=True, seconds=1800)
    return checkout, local


def test_the_small_form_has_the_same_bytes(quick):
    checkout, local = quick
    found = checkout.results()
    assert named(found) == named(local)
    assert [path for path in found if found[path] != local.get(path)] == []
    assert len([path for path in found if path.startswith("figures/")]) == 4 * FIGURES


def test_everything_of_a_figure_is_one_job(quick):
    checkout, _ = quick
    wait_for(lambda: len(ended(checkout)) >= FIGURES + OTHERS, "all jobs in the accounting")
    assert [job["State"] for job in ended(checkout)] == ["COMPLETED"] * (FIGURES + OTHERS)


def named(results):
    return {path for path in results if path.split("/")[0] in NAMED}


def ended(checkout):
    return checkout.slurm.ended(checkout.root)
