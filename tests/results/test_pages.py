"""The pages in results/ beside the report, and the claims there against those that the README counts."""

import re
from pathlib import Path

import pytest

from browsers import errors_of, needs_browser, open_browser, open_page, requests_of
from teacherstudent.experiments.claims import read_claims

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
SHOTS = RESULTS / "screenshots"
CLAIMS = read_claims(RESULTS / "verification" / "claims.csv")


class TestInTheBrowser:
    pytestmark = needs_browser

    @pytest.fixture(scope="class")
    def browser(self):
        SHOTS.mkdir(exist_ok=True)
        with open_browser() as browser:
            yield browser

    @pytest.mark.parametrize("name", ["verification/claims.html", "settings.html", "explorer.html"])
    def test_a_page_loads_nothing_else(self, browser, name):
        open_page(browser, RESULTS / name)
        assert requests_of(browser) == [(RESULTS / name).resolve().as_uri()]
        assert errors_of(browser) == []
        browser.save_screenshot(SHOTS / f"{Path(name).stem}.png")

    def test_the_page_of_claims_has_all_of_them(self, browser):
        open_page(browser, RESULTS / "verification" / "claims.html")
        verdicts = browser.find_elements("css selector", "table.claims tbody td:first-child")
        assert [verdict.text for verdict in verdicts] == [
            "holds" if claim.holds else "FAILS" for claim in CLAIMS
        ]
        assert all(verdict.is_displayed() for verdict in verdicts)

    def test_the_explorer_shows_forgetting(self, browser):
        open_page(browser, RESULTS / "explorer.html")
        line = browser.execute_script("return Array.from(document.getElementById('plot').data[4].y)")
        assert len(line) > 10
        assert max(line) > max(line[0], line[-1])  # an inverted U
        assert browser.find_element("css selector", "#plot .main-svg").is_displayed()


def test_the_stored_claims_are_about_the_same_figures_and_things():
    """Statements are the same but for their numbers; some are about the published scale only."""
    stored = read_claims(ROOT / "docs" / "claims.csv")
    assert {claim.figure for claim in stored} == {claim.figure for claim in CLAIMS}
    assert {kind(claim) for claim in CLAIMS} <= {kind(claim) for claim in stored}


def kind(claim):
    number = r"-?\d+(\.\d+)?(e[+-]?\d+)?"
    return claim.figure, re.sub(rf"{number}(, {number})*", "#", claim.statement)
