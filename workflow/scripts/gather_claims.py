"""Gather the claims of all figures into one table."""

from collections.abc import Sequence

from _logs import logged
from teacherstudent.experiments.claims import read_claims, write_claims


def main(paths: Sequence[str], path: str) -> None:
    """Write the claims of many files into one, in the order of the files."""
    write_claims(path, [claim for source in paths for claim in read_claims(source)])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.input, snakemake.output[0])
