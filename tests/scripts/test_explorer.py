"""The page with sliders: what it looks up, and in a browser that it shows it."""

import re
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Keys

import draw_explorer
from browsers import errors_of, needs_browser, open_browser, open_page, requests_of
from teacherstudent.errors import RunError
from teacherstudent.store.curves import Curves, write_curves

TEMPLATES = Path(__file__).parents[2] / "workflow" / "report"
SIMILARITY = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
TIME, SWITCH = np.linspace(0.0, 10.0, 21), 4.0


def curves(**changes):
    """Errors with known logarithms: after the switch task 1 grows at the rate V(1 - V), task 2 falls."""
    after = np.maximum(TIME - SWITCH, 0.0)
    first = -3.0 + np.multiply.outer(SIMILARITY * (1 - SIMILARITY), after)
    second = -1.0 - np.multiply.outer(SIMILARITY, after)
    errors = 10.0 ** np.stack([first, second], axis=-1)[:, None]
    given = {
        "engine": "ode",
        "axes": {"teachers.features.similarity": SIMILARITY},
        "runs": 1,
        "seed": 1,
        "time": TIME,
        "quantities": {"generalisation_error": errors},
        "diverged": np.zeros((5, 1), dtype=bool),
        "switch_times": np.full((5, 1, 1), SWITCH),
        "document": {},
    }
    return Curves(**given | changes)


def test_the_page_has_errors_and_forgetting_on_the_grid():
    data = draw_explorer.grid({"ode": curves()})
    logs = np.array(data["log10_errors"])
    assert logs.shape == (2, 5, 21)
    assert logs[0, 2, -1] == pytest.approx(-3.0 + 0.25 * 6.0)
    assert logs[1, 4, -1] == pytest.approx(-1.0 - 6.0)
    assert data["after"] == pytest.approx(np.linspace(0.0, 6.0, 13))
    assert [data["time"][row] - SWITCH for row in data["rows"]] == pytest.approx(data["after"])
    forgetting = np.multiply.outer(SIMILARITY * (1 - SIMILARITY), data["after"])
    assert np.allclose(data["forgetting"], forgetting, atol=1e-4)


@pytest.mark.parametrize(
    "entry",
    [
        {"network": curves(engine="network")},
        {"ode": curves(axes={"training.learning_rate": SIMILARITY})},
        {"ode": curves(switch_times=np.array([4.0, 4.0, 4.0, 4.0, 5.0])[:, None, None])},
        {"ode": curves(switch_times=np.full((5, 1, 2), SWITCH))},
        {"ode": curves(diverged=SIMILARITY[:, None] == 0.5)},
    ],
    ids=["no equations", "another axis", "switches differ", "two switches", "one diverged"],
)
def test_other_experiments_are_refused(entry):
    with pytest.raises(RunError, match="explorer: the experiment must have"):
        draw_explorer.grid(entry)


def test_traces_and_shapes_have_the_order_that_the_script_counts_on():
    fig = draw_explorer.figure(draw_explorer.grid({"ode": curves()}))
    assert [trace.mode for trace in fig.data] == ["lines"] * 2 + ["markers"] * 2 + ["lines", "markers"]
    assert [shape.x0 for shape in fig.layout.shapes] == [SWITCH, SWITCH]
    assert fig.layout.shapes[0].line.dash == "dash"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    write_curves(folder / "made_up.h5", [curves()])
    draw_explorer.main(
        folder / "made_up.h5",
        TEMPLATES / "explorer.html.jinja",
        TEMPLATES / "explorer.js",
        folder / "explorer.html",
    )
    return folder / "explorer.html"


def told(browser):
    """Return V, the time after the switch, both errors and forgetting, as the page says them."""
    text = browser.find_element("id", "told").text
    return [
        float(number) for number in re.findall(r"-?\d[\d.]*(?:e-?\d+)?(?<!\.)", re.sub("task [12]", "", text))
    ]


def drawn(browser, trace):
    """Return x and y of a trace as the plot holds them."""
    return browser.execute_script(
        "const {x, y} = document.getElementById('plot').data[arguments[0]];"
        "return [x, y].map(values => Array.from(values))",
        trace,
    )


class TestInTheBrowser:
    pytestmark = needs_browser

    @pytest.fixture(scope="class")
    def browser(self, page):
        with open_browser() as browser:
            open_page(browser, page)
            yield browser

    def test_it_loads_nothing_else_and_has_no_errors(self, browser, page):
        assert browser.find_elements("css selector", "#plot .scatterlayer .js-line")
        assert errors_of(browser) == []
        assert requests_of(browser) == [page.resolve().as_uri()]

    def test_it_starts_in_the_middle(self, browser):
        V, after, first, second, forgetting = told(browser)
        assert (V, after) == (0.5, 0.5)
        assert forgetting == pytest.approx(0.25 * after, abs=1e-3)
        assert first == pytest.approx(10 ** (-3 + 0.25 * after), rel=5e-3)
        assert second == pytest.approx(10 ** (-1 - 0.5 * after), rel=5e-3)

    def test_the_keyboard_moves_both_sliders(self, browser):
        before = told(browser)
        browser.execute_script("document.activeElement.blur()")
        ActionChains(browser).send_keys(Keys.TAB, Keys.ARROW_RIGHT).perform()
        assert browser.switch_to.active_element.get_attribute("id") == "similarity"
        assert told(browser)[:2] == [0.75, before[1]]
        ActionChains(browser).send_keys(Keys.TAB, Keys.END).perform()
        V, after, first, second, forgetting = told(browser)
        assert (V, after) == (0.75, 6.0)
        assert forgetting == pytest.approx(0.1875 * 6, abs=1e-3)
        assert second == pytest.approx(10 ** (-1 - 0.75 * 6), rel=5e-3)

    def test_curves_and_points_follow(self, browser):
        similarity = browser.find_element("id", "similarity")
        browser.execute_script(
            "arguments[0].value = 1; document.getElementById('after').value = 4;"
            "arguments[0].dispatchEvent(new Event('input'))",
            similarity,
        )
        V, after = 0.25, 2.0
        x, y = drawn(browser, 0)
        assert x == pytest.approx(TIME)
        growth = V * (1 - V) * np.maximum(TIME - SWITCH, 0)
        assert np.log10(y) == pytest.approx(-3 + growth, abs=1e-4)
        assert drawn(browser, 3) == [[SWITCH + after], [pytest.approx(10 ** (-1 - V * after), rel=1e-3)]]
        assert drawn(browser, 4)[1] == pytest.approx(SIMILARITY * (1 - SIMILARITY) * after, abs=1e-4)
        assert drawn(browser, 5)[0] == [V]
        line = browser.execute_script("return document.getElementById('plot').layout.shapes[1].x0")
        assert line == SWITCH + after
        assert similarity.get_attribute("aria-valuetext") == "V = 0.25"
