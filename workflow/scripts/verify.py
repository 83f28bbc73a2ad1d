"""Print the verdict on every claim; exit status 1 if one of them does not hold."""

import sys
from pathlib import Path

from _claims import count, expected, found
from teacherstudent.experiments.claims import Claim, read_claims


def line(claim: Claim) -> str:
    """Return two lines of text: the verdict and the statement; the value and the expected range."""
    verdict = "holds" if claim.holds else "FAILS"
    numbers = f"{found(claim)}, expected {expected(claim)} ({claim.certainty})"
    return f"{verdict}  {claim.figure}: {claim.statement}\n       {numbers}\n"


def main(path: str, log: str) -> bool:
    """Print the claims of a file; write those that fail to the log; return whether all hold."""
    claims = read_claims(path)
    failed = [claim for claim in claims if not claim.holds]
    sys.stdout.writelines(line(claim) for claim in claims)
    sys.stdout.write(f"{count(claims)} claims hold\n")
    Path(log).write_text("".join(line(claim) for claim in failed), encoding="utf-8")
    return not failed


if __name__ == "__main__":
    sys.exit(0 if main(snakemake.input.claims, snakemake.log[0]) else 1)
