"""Write the table of figures into README.md, from the configuration and the stored claims.

`make readme-table` calls this script. `make claims-table` first makes the claims at the scale of the papers
and stores them in docs/claims.csv.
"""

from pathlib import Path

from _claims import by_figure, count, expected, found
from teacherstudent.experiments.claims import Claim, read_claims
from teacherstudent.experiments.figures import read_figures

ROOT = Path(__file__).parents[2]
README, STORED = ROOT / "README.md", ROOT / "docs" / "claims.csv"
START, END = "<!-- figures: written by `make readme-table` -->", "<!-- end of figures -->"


def titles(root: Path) -> dict[str, str]:
    """Return the titles of all figures of a repository by name, in the order of its papers."""
    return {name: figure.title for name, figure in read_figures(root).items()}


def table(figures: dict[str, str], claims: list[Claim]) -> str:
    """Return the table of figures and the number of their claims that hold, and a list of those that do not.

    `figures` maps names to titles. Figures without claims are those that are not made by default.
    """
    groups = by_figure(claims)
    counts = {name: count(groups[name]) if name in groups else "not by default" for name in figures}
    rows = [f"| `{name}` | {title} | {counts[name]} |" for name, title in figures.items()]
    lines = ["| target | figure | claims that hold |", "|---|---|---|", *rows, f"| all | | {count(claims)} |"]
    failed = [claim for claim in claims if not claim.holds]
    if failed:
        lines += ["", "These do not:", "", *map(finding, failed)]
    return "\n".join(lines)


def finding(claim: Claim) -> str:
    """Return an item of a list: a claim that does not hold, its value and the expected range."""
    numbers = f"Found {found(claim)}, expected {expected(claim)}, {claim.certainty}."
    return f"- `{claim.figure}`: {claim.statement} {numbers}"


def with_table(text: str, figures: dict[str, str], claims: list[Claim]) -> str:
    """Replace the table between the two marks of a text.

    Parameters
    ----------
    text : str
        The text of the README.
    figures : dict of str to str
        Titles of figures by name.
    claims : list of Claim
        The claims about all figures.

    Returns
    -------
    str
        The text with the new table.

    Raises
    ------
    ValueError
        If the text does not contain each mark once.
    """
    if text.count(START) != 1 or text.count(END) != 1:
        raise ValueError(f"README.md must have the lines {START} and {END} once each")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{table(figures, claims)}\n{END}{after}"


def main() -> None:
    """Write the table into README.md."""
    text = README.read_text(encoding="utf-8")
    README.write_text(with_table(text, titles(ROOT), read_claims(STORED)), encoding="utf-8")


if __name__ == "__main__":
    main()
