"""Claims: statements of a paper about a figure, each with a number, its expected range, and a verdict."""

import csv
import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from teacherstudent.files.writing import whole_text

# The origin of the expected range: from the authors' text or code, by another computation, or from memory.
CERTAINTIES = ("read", "recomputed", "remembered")


@dataclass(frozen=True)
class Claim:
    """One statement about a figure; it holds if its value lies in the expected range, ends included.

    Parameters
    ----------
    figure : str
        The name of the figure.
    statement : str
        One sentence that says what the value is.
    value : float
        The number that the figure has; a claim with NaN does not hold.
    low, high : float
        The ends of the expected range, by default open.
    source : str
        The origin of the range.
    certainty : str
        One of CERTAINTIES.
    uncertainty : float, optional
        The standard error of the value, where it is an average.

    Raises
    ------
    ValueError
        For an unknown certainty and for an empty range.
    """

    figure: str
    statement: str
    value: float
    low: float = -math.inf
    high: float = math.inf
    source: str = ""
    certainty: str = "read"
    uncertainty: float | None = None

    def __post_init__(self):
        """Raise ValueError for an unknown certainty and an empty range."""
        if self.certainty not in CERTAINTIES:
            raise ValueError(f"certainty: {self.certainty} is not one of {', '.join(CERTAINTIES)}")
        if not self.low <= self.high:
            raise ValueError(f"{self.statement}: the range [{self.low}, {self.high}] is empty")

    @property
    def holds(self) -> bool:
        """The verdict, False for NaN."""
        return bool(self.low <= self.value <= self.high)


COLUMNS = [*(field.name for field in dataclasses.fields(Claim)), "holds"]
_NUMBERS = ("value", "low", "high")


def write_claims(path: str | Path, claims: Iterable[Claim]) -> None:
    """Write claims as CSV, one row each with its verdict; the file is written atomically."""
    with whole_text(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for claim in claims:
            writer.writerow(
                {**dataclasses.asdict(claim), **_numbers(claim), "holds": "yes" if claim.holds else "no"}
            )


def _numbers(claim: Claim) -> dict[str, str]:
    """Format numbers so that reading gives the same values; `repr` of numpy numbers includes their type."""
    numbers = {name: repr(float(getattr(claim, name))) for name in _NUMBERS}
    return numbers | {"uncertainty": "" if claim.uncertainty is None else repr(float(claim.uncertainty))}


def read_claims(path: str | Path) -> list[Claim]:
    """Read claims written by `write_claims`; verdicts are evaluated again."""
    with open(path, newline="", encoding="utf-8") as file:
        return [_claim(row) for row in csv.DictReader(file)]


def _claim(row: dict[str, str]) -> Claim:
    """Return the claim of one row of the file."""
    numbers = {name: float(row[name]) for name in _NUMBERS}
    texts = {name: row[name] for name in ("figure", "statement", "source", "certainty")}
    return Claim(**texts, **numbers, uncertainty=float(row["uncertainty"]) if row["uncertainty"] else None)
