"""A real browser for tests: Chromium without a window."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.accounts import OWNER, signed_in
from tests.servers import LiveServer

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
HEIGHT = 900


@contextlib.contextmanager
def chromium(profile: Path, *more: str) -> Iterator[webdriver.Chrome]:
    """Start Chromium with an empty profile and more options; without it, the test is skipped."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for option in (*OPTIONS, f"--user-data-dir={profile}", *more):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


def set_width(browser: webdriver.Chrome, width: int) -> None:
    """Be as wide as a phone or a desk."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def sign_in(browser: webdriver.Chrome, server: LiveServer, name: str = OWNER) -> None:
    """Be signed in as somebody, with the cookie that the form gives."""
    key, _, value = signed_in(server, name)["Cookie"].partition("=")
    address = f"http://127.0.0.1:{server.port}{server.prefix}/"
    browser.execute_cdp_cmd(
        "Network.setCookie", {"name": key, "value": value, "url": address, "httpOnly": True}
    )


def severe_lines(browser: webdriver.Chrome) -> list[str]:
    """The errors in the browser's console since it was last looked at."""
    console = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in console if entry["level"] == "SEVERE"]
