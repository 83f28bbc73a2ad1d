"""Measure the largest distance of the engines of each experiment."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from _logs import logged
from teacherstudent.experiments.agreement import Distance, distances
from teacherstudent.files.writing import whole_text
from teacherstudent.store.curves import read_curves

COLUMNS = (
    "experiment",
    "engines",
    "runs",
    "paired",
    "inputs",
    "points",
    "largest",
    "unit",
    "time",
    "task",
    "point",
)


def row(experiment: str, distance: Distance) -> dict:
    """Return a distance as a row of the table."""
    return {
        "experiment": experiment,
        "engines": " ".join(distance.engines),
        "runs": " ".join(map(str, distance.runs)),
        "paired": "yes" if distance.paired else "no",
        "inputs": distance.inputs,
        "points": distance.points,
        "largest": repr(distance.largest),
        "unit": distance.unit,
        "time": repr(distance.time),
        "task": distance.task,
        "point": json.dumps(distance.point),
    }


def main(paths: Sequence[str], path: str) -> None:
    """Write the distances of all pairs of engines in files of curves, one row each."""
    with whole_text(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for source in paths:
            writer.writerows(row(Path(source).stem, found) for found in distances(read_curves(source)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output[0])
