"""Write the table of claims into README.md, from the stored claims of a run at the scale of the papers.

`make claims-table` makes these claims, stores them in docs/claims.csv and calls this script.
"""

from pathlib import Path

from _claims import by_figure, count, expected, found
from teacherstudent.claims import Claim, read_claims

ROOT = Path(__file__).parents[2]
README, STORED = ROOT / "README.md", ROOT / "docs" / "claims.csv"
START, END = "<!-- claims: written by `make claims-table` -->", "<!-- end of claims -->"


def table(claims: list[Claim]) -> str:
    """Return the table: how many claims about each figure hold, and those that do not in words."""
    rows = [f"| `{figure}` | {count(group)} |" for figure, group in by_figure(claims).items()]
    lines = ["| figure | claims that hold |", "|---|---|", *rows, f"| all | {count(claims)} |"]
    failed = [claim for claim in claims if not claim.holds]
    if failed:
        lines += ["", "These do not:", "", *map(finding, failed)]
    return "\n".join(lines)


def finding(claim: Claim) -> str:
    """Say in one item of a list which claim does not hold, and by how much."""
    numbers = f"Found {found(claim)}, expected {expected(claim)}, {claim.certainty}."
    return f"- `{claim.figure}`: {claim.statement} {numbers}"


def with_table(text: str, claims: list[Claim]) -> str:
    """Return a text with the table between its two marks; ValueError if it does not have each mark once."""
    if text.count(START) != 1 or text.count(END) != 1:
        raise ValueError(f"README.md must have the lines {START} and {END} once each")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{table(claims)}\n{END}{after}"


def main() -> None:
    """Write the table into README.md."""
    text = README.read_text(encoding="utf-8")
    README.write_text(with_table(text, read_claims(STORED)), encoding="utf-8")


if __name__ == "__main__":
    main()
