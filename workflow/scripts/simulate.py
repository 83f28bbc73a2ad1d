"""Run one curve of an experiment: all points of the inner axes, each with all runs."""

from _logs import logged
from teacherstudent.experiments.simulate import MINUTES, simulate_job

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minutes = snakemake.resources.get("checkpoint_minutes", MINUTES)
        simulate_job(snakemake.params.work, snakemake.output[0], snakemake.threads, minutes)
