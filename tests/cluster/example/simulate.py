"""Replaces workflow/scripts/simulate.py in tests: trouble by the name of the experiment, then the job."""

import time
from pathlib import Path

from _logs import logged
from teacherstudent.engines.network import training as network_run
from teacherstudent.experiments.simulate import simulate_job
from teacherstudent.store.checkpoints import CheckpointFile


def hungry():
    """Hold more memory than the first attempt may have."""
    block = b"x" * 1_200_000_000
    time.sleep(10)
    del block


def slow():
    """Take longer than the first attempt may."""
    if snakemake.resources.runtime == 1:
        time.sleep(600)


def broken():
    """Fail as long as there is a file that says so."""
    if Path("broken").exists():
        raise RuntimeError("this job is broken")


def patient():
    """Wait for a file, and say so by another one."""
    Path("waits").touch()
    while not Path("go").exists():
        time.sleep(0.2)


def long():
    """Take longer than the first attempt may, for a run in many pieces."""
    network_run.WORK_PER_REPORT = 2000
    if snakemake.resources.runtime == 2:
        keep = CheckpointFile.save
        CheckpointFile.save = lambda *arguments: (time.sleep(3), keep(*arguments))


TROUBLE = {"hungry": hungry, "slow": slow, "broken": broken, "patient": patient, "long": long}

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        TROUBLE.get(snakemake.wildcards.experiment, lambda: None)()
        simulate_job(snakemake.params.work, snakemake.output[0], snakemake.threads)
