"""Claims in words, the page of claims, the page of settings, and the table of the README."""

import math
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import measure_agreement
import write_claims_page
import write_readme_table
import write_settings
from _claims import expected, found
from _pages import write_page
from teacherstudent.experiments.agreement import ROOT_N, STANDARD_ERRORS, Distance
from teacherstudent.experiments.claims import Claim, write_claims

TEMPLATES = Path(__file__).parents[2] / "workflow" / "report"


class Cells(HTMLParser):
    """The texts of all table cells of a page, row by row."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.inside = tag in ("td", "th") or (self.inside and tag not in ("tr", "p"))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data.strip()


def rows_of(path):
    return Cells(Path(path).read_text(encoding="utf-8")).rows


def claim(figure="lee", statement="It is so.", value=1.0, **range):
    return Claim(figure, statement, value, **range)


@pytest.mark.parametrize(
    ("range", "words"),
    [
        ({"low": 0.5, "high": 1.25}, "0.5 to 1.25"),
        ({"low": 0.5}, "0.5 or more"),
        ({"high": -2.0}, "-2 or less"),
        ({}, "any number"),
        ({"low": sys.float_info.min}, "more than 0"),
        ({"low": sys.float_info.min, "high": 1.0}, "more than 0 to 1"),
    ],
)
def test_ranges_in_words(range, words):
    assert expected(claim(**range)) == words


def test_values_have_their_uncertainty():
    assert found(claim(value=0.123456)) == "0.1235"
    assert found(claim(value=0.123456, uncertainty=0.0123)) == "0.1235 ± 0.012"
    assert found(claim(value=math.nan)) == "nan"


def write_example(folder, distances=()):
    claims = [
        claim(low=0.0, high=2.0, source="table <1>", uncertainty=0.25),
        claim(value=3.0, high=2.0, certainty="remembered"),
        claim("goldt", value=math.nan),
    ]
    write_claims(folder / "claims.csv", claims)
    with open(folder / "agreement.csv", "w", encoding="utf-8") as file:
        writer = measure_agreement.csv.DictWriter(file, measure_agreement.COLUMNS)
        writer.writeheader()
        writer.writerows(measure_agreement.row("errors", entry) for entry in distances)
    write_claims_page.main(
        folder / "claims.csv",
        folder / "agreement.csv",
        ["config.yaml", "quick.yaml"],
        TEMPLATES / "claims.html.jinja",
        folder / "claims.html",
    )
    return rows_of(folder / "claims.html")


def test_the_page_has_every_claim_with_its_verdict(tmp_path):
    rows = write_example(tmp_path)
    assert ["holds", "It is so.", "1 ± 0.25", "0 to 2", "table <1>", "read"] in rows
    assert ["FAILS", "It is so.", "3", "2 or less", "", "remembered"] in rows
    assert ["FAILS", "It is so.", "nan", "any number", "", "read"] in rows
    assert ["lee", "1 of 2"] in rows
    assert ["goldt", "0 of 1"] in rows


def test_the_page_lists_first_what_fails(tmp_path):
    write_example(tmp_path)
    page = (tmp_path / "claims.html").read_text(encoding="utf-8")
    assert "1 of 3 claims hold" in page
    assert page.index("Claims that do not hold") < page.index("<table")
    assert "Found 3, expected 2 or less." in page
    assert "config.yaml, quick.yaml" in page


def test_the_page_tells_how_far_engines_are_apart(tmp_path):
    point = {"teachers.features.similarity": 0.5, "student.initial.scheme": "small"}
    several = Distance(("network", "ode"), (3, 3), True, 784, 2, 2.345, STANDARD_ERRORS, 150.0, 2, point)
    single = Distance(("chain", "ode"), (1, 1), False, 1000, 1, 0.5, ROOT_N, 20.0, 1, {})
    rows = write_example(tmp_path, [several, single])
    names, where = "network and ode", "similarity 0.5, scheme small, task 2, t = 150"
    runs = "3 and 3, from the same networks"
    assert ["errors", names, runs, "784", "2", "2.35", "standard errors", where] in rows
    unit = "N^(-1/2), in log10"
    assert ["errors", "chain and ode", "1 and 1", "1000", "1", "0.50", unit, "task 1, t = 20"] in rows


def test_the_page_of_settings_has_engines_axes_and_specs(tmp_path):
    axes = {"training.learning_rate": [0.1, 0.2], "student.hidden": list(range(1, 21))}
    grid = {"engine": "ode", "spec": {"duration": 4.0}, "outer": {}, "inner": axes, "runs": 3, "seed": 7}
    write_settings.main(
        grids={"errors": {"ode": grid}},
        figures={"errors": ["lee_errors"]},
        files=["config.yaml"],
        template=TEMPLATES / "settings.html.jinja",
        path=tmp_path / "settings.html",
    )
    told = "training.learning_rate: 0.1, 0.2student.hidden: 1 to 20, 20 values"
    assert ["ode", "3", "7", told] in rows_of(tmp_path / "settings.html")
    assert "duration: 4.0" in (tmp_path / "settings.html").read_text(encoding="utf-8")


def test_pages_escape_text_and_refuse_what_is_missing(tmp_path):
    (tmp_path / "template").write_text("{{ text }}", encoding="utf-8")
    write_page(tmp_path / "template", tmp_path / "page", text="a < b")
    assert (tmp_path / "page").read_text(encoding="utf-8") == "a &lt; b\n"
    with pytest.raises(UndefinedError, match="text"):
        write_page(tmp_path / "template", tmp_path / "page")


TEXT = f"before\n{write_readme_table.START}\nstale\n{write_readme_table.END}\nafter\n"


def test_the_table_of_the_readme_counts_and_names_what_fails():
    claims = [claim(low=0.0), claim(value=3.0, high=2.0), claim("goldt")]
    figures = {"lee": "Tasks", "goldt": "Errors", "saad": "Plateaus"}
    text = write_readme_table.with_table(TEXT, figures, claims)
    assert text.startswith("before\n<!-- figures")
    assert text.endswith("<!-- end of figures -->\nafter\n")
    assert "stale" not in text
    rows = (
        "| `lee` | Tasks | 1 of 2 |\n| `goldt` | Errors | 1 of 1 |\n| `saad` | Plateaus | not by default |\n"
    )
    assert rows in text
    assert "\n| all | | 2 of 3 |\n" in text
    assert "- `lee`: It is so. Found 3, expected 2 or less, read.\n" in text
    assert write_readme_table.with_table(text, figures, claims) == text


def test_the_table_of_the_readme_has_the_figures_in_the_order_of_the_papers(tmp_path):
    (tmp_path / "config" / "experiments").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").write_text("papers: [late, early]")
    for name, paper in (("1", "other"), ("2", "early"), ("3", "late")):
        figures = f"figures: {{{paper}_errors: {{title: Of {paper}, paper: {paper}, experiments: [errors]}}}}"
        (tmp_path / "config" / "experiments" / f"{name}.yaml").write_text(figures)
    titles = write_readme_table.titles(tmp_path)
    assert list(titles.items()) == [(f"{name}_errors", f"Of {name}") for name in ("late", "early", "other")]


def test_the_marks_of_the_table_must_be_there_once():
    with pytest.raises(ValueError, match="once each"):
        write_readme_table.with_table(TEXT + TEXT, {}, [])
