"""Collect the runs of several experiments, one after the other, with one start of Python."""

import sys

from _logs import logged
from collect import main

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        for experiment, path in zip(snakemake.params.experiments, snakemake.output, strict=True):
            sys.stdout.write(f"{path}\n")
            main(**experiment, path=path)
