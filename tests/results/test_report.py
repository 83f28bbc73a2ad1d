"""The report in results/, in a browser, as a reader goes through it; screenshots stay beside it."""

import csv
from pathlib import Path

import pytest
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver.support.ui import WebDriverWait

from browsers import errors_of, needs_browser, open_browser, open_page, requests_of

pytestmark = needs_browser

RESULTS = Path(__file__).parents[2] / "results"
REPORT = RESULTS / "report.html"
SHOTS = RESULTS / "screenshots"
SECONDS = 20  # to wait for what a click changes
MOVING = (ElementClickInterceptedException, StaleElementReferenceException)

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
    wait(browser, lambda browser: inked(browser, "#app canvas.marks"))  # earlier clicks may get lost
    return browser


def wait(browser, found):
    """Wait until a function of the browser returns something, and return that."""
    return WebDriverWait(browser, SECONDS).until(found)


def click(browser, found):
    """Click on what a function of the browser returns; again where the page was moving under the pointer."""
    WebDriverWait(browser, SECONDS, ignored_exceptions=MOVING).until(
        lambda browser: (element := found(browser)) and (element.click() or True)
    )


def open_group(browser, group):
    """Click on a group until the menu shows its entries: a click has no effect while the page is drawn."""

    def opened(browser):
        if item := menu_item(group)(browser):
            item.click()
        return not menu_item("Workflow")(browser)

    WebDriverWait(browser, SECONDS, ignored_exceptions=MOVING).until(opened)


def menu_item(text):
    """Return the function that finds an entry of the menu."""
    path = f"//nav//a[normalize-space()='{text}']"
    return lambda browser: next(iter(browser.find_elements("xpath", path)), None)


def button(name, number):
    """Return the function that finds a button beside an entry of a group: 0 shows it, 1 tells about it."""
    path = f"(//nav//tbody/tr[td[normalize-space()='{name}']]//a)[{number + 1}]"
    return lambda browser: next(iter(browser.find_elements("xpath", path)), None)


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
    click(report, menu_item("Statistics"))
    wait(report, lambda browser: inked(browser, "#runtimes canvas.marks"))
    times = report.execute_script("return runtimes_spec.data.values")
    assert {"simulate", *(f"draw_{figure}" for figure in FIGURES)} <= {entry["rule"] for entry in times}
    assert min(entry["runtime"] for entry in times) > 0
    report.save_screenshot(SHOTS / "report_statistics.png")


@pytest.mark.parametrize("paper", sorted(set(PAPERS.values())))
def test_every_figure_of_a_group_is_seen_and_has_its_caption(report, paper):
    figures = [figure for figure in FIGURES if PAPERS[figure] == paper]
    open_group(report, paper)
    seen = set()
    for figure in figures:
        click(report, button(figure, 0))
        image = wait(report, lambda browser: (found := shown_image(browser)) and _new(found, seen) and found)
        seen.add(image.get_attribute("src"))
        box = image.rect
        assert box["width"] > 300 and box["y"] >= 0
        assert box["y"] + box["height"] <= report.execute_script("return window.innerHeight")
        report.save_screenshot(SHOTS / f"report_{figure}.png")
    click(report, button(figure, 1))
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
    open_group(report, group)
    if report.find_elements("css selector", "label[for$=page]"):
        click(report, lambda browser: browser.find_element("css selector", "label[for$=page]"))
    click(report, button(entry, 0))
    report.switch_to.frame(wait(report, lambda browser: browser.find_element("css selector", "iframe")))
    assert words in wait(report, lambda browser: browser.find_element("tag name", "body").text)
    report.switch_to.default_content()
    report.save_screenshot(SHOTS / f"report_{group}.png")
