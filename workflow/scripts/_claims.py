"""Text of claims, shared by the page of claims, `verify` and the README."""

import math
import sys

from teacherstudent.experiments.claims import Claim

# The lower end of a range of positive numbers, and of its text "more than 0".
SMALLEST = sys.float_info.min


def found(claim: Claim) -> str:
    """Format the value of a claim with its uncertainty."""
    error = "" if claim.uncertainty is None else f" ± {claim.uncertainty:.2g}"
    return f"{claim.value:.4g}{error}"


def expected(claim: Claim) -> str:
    """Format the expected range of a value."""
    if claim.low == -math.inf:
        return "any number" if claim.high == math.inf else f"{claim.high:.4g} or less"
    low = "more than 0" if claim.low == SMALLEST else f"{claim.low:.4g}"
    if claim.high == math.inf:
        return low if claim.low == SMALLEST else f"{low} or more"
    return f"{low} to {claim.high:.4g}"


def by_figure(claims: list[Claim]) -> dict[str, list[Claim]]:
    """Group claims by figure, in their order."""
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.figure, []).append(claim)
    return groups


def count(claims: list[Claim]) -> str:
    """Return how many of some claims hold, such as `3 of 4`."""
    return f"{sum(claim.holds for claim in claims)} of {len(claims)}"
