"""Collect the runs of an experiment into the curves that its figures need."""

import sys
from collections.abc import Mapping, Sequence

from _logs import logged
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.grid import Grid
from teacherstudent.store.curves import write_curves


def main(
    grids: Mapping[str, dict], runs: Mapping[str, Mapping[str, dict]], quantities: Sequence[str], path: str
) -> None:
    """Write the curves of all engines.

    Parameters
    ----------
    grids : mapping of str to dict
        The fields of the `Grid` of each engine.
    runs : mapping of str to mapping of path to dict
        For each engine the files of its jobs, with the inner axes of each.
    quantities : sequence of str
        The names of the collected quantities.
    path : path
        The file of curves to write.
    """
    curves = [collect(Grid(**grid), runs[engine], quantities) for engine, grid in grids.items()]
    for entry in curves:
        sys.stdout.write(f"{entry.engine}: {entry.diverged.size} runs, {entry.excluded} of them diverged\n")
    write_curves(path, curves)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        runs = {
            engine: dict(zip(snakemake.input[engine], axes, strict=True))
            for engine, axes in snakemake.params.inner_axes.items()
        }
        main(snakemake.params.grids, runs, snakemake.params.quantities, snakemake.output[0])
