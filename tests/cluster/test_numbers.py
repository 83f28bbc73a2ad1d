"""Figures of the small form through Slurm have the same files as on this machine, in few jobs."""

import shutil

import pytest

from checkouts import ROOT
from cluster.slurm import needs_slurm, wait_for

pytestmark = needs_slurm

# Together these have jobs of every kind: runs on all engines, a data set, figures, an animation, all pages.
PAPERS = ("saadsolla1995", "straat2018")
TARGETS = ("all", "lee2022_image_mixing", "explorer")
FIGURES = 5
OTHERS = 4  # an animation, the page with sliders and the curves for it, and the agreement of engines
SMALL = (*TARGETS, "--configfile", "config/quick.yaml", "--config", f"papers=[{','.join(PAPERS)}]")


@pytest.fixture(scope="module")
def small(checkouts):
    """A checkout in which the figures were made through Slurm, and the results of making them here before."""
    checkout = checkouts(ROOT / "config")
    checkout.snakemake(*SMALL, "--cores", "2", compiled=True)
    local = checkout.results()
    for folder in ("results", ".snakemake"):
        shutil.rmtree(checkout.root / folder)
    checkout.run(*SMALL, compiled=True)
    return checkout, local


def test_the_small_form_has_the_same_bytes(small):
    checkout, local = small
    found = checkout.results()
    assert [path for path in {*found, *local} if found.get(path) != local.get(path)] == []
    kinds = ["animations", "claims", "curves", "datasets", "explorer.html"]
    kinds += ["figures", "runs", "settings.html", "verification"]
    assert sorted({path.split("/")[0] for path in found}) == kinds
    assert len([path for path in found if path.startswith("figures/")]) == 4 * FIGURES
    assert {path.split("/")[2] for path in found if path.startswith("runs/")} == {"chain", "network", "ode"}


def test_everything_of_a_figure_is_one_job(small):
    checkout, _ = small
    wait_for(lambda: len(ended(checkout)) >= FIGURES + OTHERS, "all jobs in the accounting")
    assert [job["State"] for job in ended(checkout)] == ["COMPLETED"] * (FIGURES + OTHERS)


def ended(checkout):
    return checkout.slurm.ended(checkout.root)
