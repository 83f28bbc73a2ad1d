"""The site as a whole: no warnings, nothing loaded from elsewhere, and a search that needs no server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from browsers import errors_of, needs_browser, open_browser, open_page, requests_of

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"?(?:https?:)?//[^\"> ]+")
SECONDS = 20  # to wait for what the search finds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, whose name has letters that are not allowed in addresses."""
    folder = tmp_path_factory.mktemp("a & b") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "Material" not in done.stderr
    return folder


def test_it_is_made_without_warnings_and_stands_alone(site):
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert len(pages) > 25
    assert [(path.name, found) for path, text in pages.items() for found in LOADED.findall(text)] == []
    assert "{{" not in pages[site / "index.html"]
    assert "student.hidden" in pages[site / "model.html"]


def test_the_front_page_shows_pictures_that_are_there(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    pictures = re.findall(r"<img[^>]* src=\"?([^\"> ]+)", page)
    assert pictures
    assert [path for path in pictures if not (site / path).is_file()] == []
    assert "has not been built" not in page


class TestSearch:
    pytestmark = needs_browser

    @pytest.fixture(scope="class")
    def browser(self):
        with open_browser() as browser:
            yield browser

    @pytest.mark.parametrize(
        ("page", "words", "found"),
        [
            ("index.html", "lee2021_measures", "figures/lee2021_measures.html"),
            ("figures/lee2021_measures.html", "switch_times", "reference/spec.html"),
        ],
    )
    def test_words_typed_into_a_page_from_a_folder_find_other_pages(self, site, browser, page, words, found):
        open_page(browser, site / page)
        box = browser.find_element("css selector", "input[name=query]")
        box.click()
        box.send_keys(words)
        results = WebDriverWait(browser, SECONDS).until(visible_results)
        assert any(result.startswith((site / found).resolve().as_uri()) for result in results)
        assert errors_of(browser) == []
        assert all(address.startswith("file:") for address in requests_of(browser))


def visible_results(browser):
    """Return the addresses that the search shows."""
    links = browser.find_elements("css selector", ".md-search-result__link")
    return [link.get_attribute("href") for link in links if link.is_displayed()]
