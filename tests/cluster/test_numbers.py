"""A run through Slurm makes the same files as one on this machine, also with several curves in one job."""

import shutil

from checkouts import ROOT
from cluster.slurm import needs_slurm, wait_for

pytestmark = needs_slurm

TARGET = ("lee2021_tabula_rasa", "--configfile", "config/quick.yaml")


def test_a_quick_figure_has_the_same_bytes(checkouts):
    checkout = checkouts(ROOT / "config")
    checkout.snakemake(*TARGET, "--cores", "2", compiled=True)
    local = checkout.results()
    shutil.rmtree(checkout.root / "results")
    shutil.rmtree(checkout.root / ".snakemake")
    checkout.run(*TARGET, compiled=True)
    wait_for(lambda: len(checkout.slurm.ended(checkout.root)) == 3, "jobs that simulate, collect and draw")
    assert checkout.results() == local


def test_curves_share_a_job(make_trouble):
    checkout = make_trouble()
    (checkout.root / "go").touch()
    runs = [f"results/runs/{name}/ode/learning_rate~0.5.h5" for name in ("plain", "patient")]
    checkout.run(*runs, "--groups", "simulate=curves", "--group-components", "curves=2")
    wait_for(lambda: checkout.slurm.ended(checkout.root), "a job in the accounting")
    (job,) = checkout.slurm.ended(checkout.root)
    assert (job["State"], job["ReqMem"]) == ("COMPLETED", "2000M")
    assert all((checkout.root / run).is_file() for run in runs)
