"""The report in results/, in a browser, as a reader goes through it; screenshots stay beside it."""

import csv
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from browsers import errors_of, needs_browser, open_browser, open_page, requests_of

pytestmark = needs_browser

RESULTS = Path(__file__).parents[2] / "results"
REPORT = RESULTS / "report.html"
SHOTS = RESULTS / "screenshots"
SECONDS = 20  # to wait for what a click changes

with open(RESULTS / "verification" / "claims.csv", newline="", encoding="utf-8") as file:
    FIGURES = list(dict.fromkeys(row["figure"] for row in csv.DictReader(file)))
PAPERS = {
    path.stem: path.parent.name for path in (RESULTS / "figures").glob("*/*.png") if path.stem in FIGURES
}


@pytest.fixture(scope="module")
def browser():
    SHOTS.mkdir(exist_ok=True)
    with open_browser() as browser:
        yield browser


@pytest.fixture
def report(browser):
    open_page(browser, REPORT)
    menu_item(browser, "Workflow")
    return browser


def wait(browser, found):
    """Wait until a function of the browser returns something, and return that."""
    return WebDriverWait(browser, SECONDS).until(found)


def menu_item(browser, text):
    path = f"//nav//a[normalize-space()='{text}']"
    return wait(browser, lambda browser: next(iter(browser.find_elements("xpath", path)), None))


def buttons(browser, name):
    """Return the buttons beside an entry of a group: show it, and tell about it."""
    path = f"//nav//tbody/tr[td[normalize-space()='{name}']]//a"
    return wait(browser, lambda browser: browser.find_elements("xpath", path))


def shown_image(browser):
    """Return the image beside the menu once it is loaded and in view, with its address."""
    (image,) = browser.find_elements("css selector", "#app > div > div img") or [None]
    if image is None or not image.is_displayed():
        return None
    size = browser.execute_script("return [arguments[0].naturalWidth, arguments[0].naturalHeight]", image)
    return image if min(size) > 100 else None


def inked(browser, selector):
    """Tell whether a canvas is there and in view, and has more than one colour."""
    canvas = next(iter(browser.find_elements("css selector", selector)), None)
    return (
        canvas
        and canvas.is_displayed()
        and browser.execute_script(
            "const c = arguments[0], image = c.getContext('2d').getImageData(0, 0, c.width, c.height);"
            "const pixels = new Uint32Array(image.data.buffer);"
            "return pixels.some(pixel => pixel !== pixels[0])",
            canvas,
        )
    )


def test_it_loads_nothing_else(report):
    assert requests_of(report) == [REPORT.resolve().as_uri()]
    assert errors_of(report) == []


def test_it_opens_with_the_graph_of_the_workflow(report):
    wait(report, lambda browser: inked(browser, "#app canvas.marks"))
    rules = report.execute_script(
        "return rulegraph_spec.data.flatMap(data => data.values.map(value => value.rule))"
    )
    assert {"simulate", "collect", "gather_claims"} <= set(rules)
    report.save_screenshot(SHOTS / "report_workflow.png")


def test_statistics_have_the_run_times_of_rules(report):
    menu_item(report, "Statistics").click()
    wait(report, lambda browser: inked(browser, "#runtimes canvas.marks"))
    times = report.execute_script("return runtimes_spec.data.values")
    assert {"simulate", *(f"draw_{figure}" for figure in FIGURES)} <= {entry["rule"] for entry in times}
    assert min(entry["runtime"] for entry in times) > 0
    report.save_screenshot(SHOTS / "report_statistics.png")


@pytest.mark.parametrize("paper", sorted(set(PAPERS.values())))
def test_every_figure_of_a_group_is_seen_and_has_its_caption(report, paper):
    menu_item(report, paper).click()
    seen = set()
    for figure in (figure for figure in FIGURES if PAPERS[figure] == paper):
        buttons(report, figure)[0].click()
        image = wait(report, lambda browser: (found := shown_image(browser)) and _new(found, seen) and found)
        seen.add(image.get_attribute("src"))
        box = image.rect
        assert box["width"] > 300 and box["y"] >= 0
        assert box["y"] + box["height"] <= report.execute_script("return window.innerHeight")
        report.save_screenshot(SHOTS / f"report_{figure}.png")
    buttons(report, figure)[1].click()
    caption = wait(report, lambda browser: browser.find_elements("css selector", "nav pre.caption"))[0]
    text = (RESULTS / "figures" / paper / f"{figure}.txt").read_text(encoding="utf-8")
    assert caption.text.split() == text.split()
    report.save_screenshot(SHOTS / f"report_{paper}_caption.png")


def _new(image, seen):
    return image.get_attribute("src") not in seen


@pytest.mark.parametrize(
    ("group", "entry", "words"),
    [
        ("claims", "claims and agreement", "claims hold"),
        ("settings", "experiments", "Settings of the experiments"),
    ],
)
def test_pages_of_the_report_are_seen(report, group, entry, words):
    menu_item(report, group).click()
    if toggles := report.find_elements("css selector", "label[for$=page]"):
        toggles[0].click()
    buttons(report, entry)[0].click()
    report.switch_to.frame(wait(report, lambda browser: browser.find_element("css selector", "iframe")))
    assert words in wait(report, lambda browser: browser.find_element("tag name", "body").text)
    report.switch_to.default_content()
    report.save_screenshot(SHOTS / f"report_{group}.png")
