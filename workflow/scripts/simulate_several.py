"""Run several short curves of one engine, one after the other, with one start of Python."""

import sys

from _logs import logged
from teacherstudent.experiments.simulate import MINUTES, simulate_job

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minutes = snakemake.resources.get("checkpoint_minutes", MINUTES)
        for work, path in zip(snakemake.params.works, snakemake.output, strict=True):
            sys.stdout.write(f"{path}\n")
            simulate_job(work, path, snakemake.threads, minutes)
