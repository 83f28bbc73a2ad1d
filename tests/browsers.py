"""A real browser for tests: Chromium without a window, driven by Selenium, that may load files only."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SIZE = (1400, 900)

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="chromium and chromedriver are not installed (Debian: chromium-driver)",
    ),
]


@contextmanager
def open_browser() -> Iterator:
    """Yield a browser that reaches no network; what pages write to its console is kept."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",  # which root cannot have
        "--disable-dev-shm-usage",
        "--force-device-scale-factor=1",
        f"--window-size={SIZE[0]},{SIZE[1]}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    try:
        yield browser
    finally:
        browser.quit()


def open_page(browser, path: Path) -> None:
    """Open a page from a file, without what earlier pages left in the logs."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(path.resolve().as_uri())


def errors_of(browser) -> list[str]:
    """Return the errors that the page wrote to the console since it was opened."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def requests_of(browser) -> list[str]:
    """Return the addresses that the page asked for since it was opened, but for data that it carries."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [entry["params"] for entry in messages if entry["method"] == "Network.requestWillBeSent"]
    addresses = [entry["request"]["url"] for entry in sent]
    return [address for address in addresses if not address.startswith(("data:", "blob:"))]
