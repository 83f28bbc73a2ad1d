"""Write the page of claims: every claim with its verdict, and the agreement of engines."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from _claims import by_figure, count, expected, found
from _logs import logged
from _pages import write_page
from teacherstudent.experiments.agreement import STANDARD_ERRORS, point_labels
from teacherstudent.experiments.claims import read_claims


def main(claims: str, agreement: str, files: Sequence[str], template: str, path: str) -> None:
    """Write the page of claims.

    Parameters
    ----------
    claims, agreement : path
        The tables of claims and of the agreement of engines.
    files : sequence of path
        The files of the configuration.
    template : path
        The template of the page.
    path : path
        The page to write.
    """
    listed = read_claims(claims)
    with open(agreement, newline="", encoding="utf-8") as file:
        rows = [described(row) for row in csv.DictReader(file)]
    write_page(
        template,
        path,
        figures=by_figure(listed),
        failed=[claim for claim in listed if not claim.holds],
        total=count(listed),
        count=count,
        found=found,
        expected=expected,
        agreement=rows,
        files=[Path(name).as_posix() for name in files],
    )


def described(row: dict[str, str]) -> dict[str, str]:
    """Return a row of the table of agreement as the template shows it."""
    values = point_labels(json.loads(row["point"]))
    runs = " and ".join(row["runs"].split())
    return row | {
        "engines": " and ".join(row["engines"].split()),
        "runs": f"{runs}, from the same networks" if row["paired"] == "yes" else runs,
        "largest": f"{float(row['largest']):.2f}",
        "unit": "standard errors" if row["unit"] == STANDARD_ERRORS else "N^(-1/2), in log10",
        "where": ", ".join([*values, f"task {row['task']}", f"t = {float(row['time']):g}"]),
    }


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            claims=snakemake.input.claims,
            agreement=snakemake.input.agreement,
            files=snakemake.params.files,
            template=snakemake.input.template,
            path=snakemake.output[0],
        )
