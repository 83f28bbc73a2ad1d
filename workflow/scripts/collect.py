"""Collect the runs of an experiment into the curves that its figures need."""

from collections.abc import Mapping, Sequence

from _logs import logged

from teacherstudent.collect import collect
from teacherstudent.curves import write_curves
from teacherstudent.experiments import Grid


def main(grids: Mapping[str, dict], runs: Mapping[str, Sequence[str]], keep: Sequence[str], path: str) -> None:
    """Write the curves of all engines; `grids` are the fields of a Grid by engine, `runs` the files of its jobs in order."""
    curves = [collect(Grid(**grid), runs[engine], keep) for engine, grid in grids.items()]
    for entry in curves:
        print(f"{entry.engine}: {entry.diverged.size} runs, {entry.excluded} of them diverged")
    write_curves(path, curves)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        inputs = {engine: list(snakemake.input[engine]) for engine in snakemake.params.grids}
        main(snakemake.params.grids, inputs, snakemake.params.keep, snakemake.output[0])
