"""Signing in, in a real browser: from a one-time link to the way out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from tests.accounts import PASSWORD
from tests.browsers import chromium, severe_lines
from tests.servers import ANSWER_S, LiveServer, RunningUwsgi, post_json
from wsgi_app.stores.attempts import address_key
from wsgi_app.stores.stores import Stores

pytestmark = pytest.mark.live


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Chromium without a window, and without a cookie."""
    with chromium(tmp_path / "chromium") as chrome:
        yield chrome


def wait_until_gone(browser: webdriver.Chrome, element: WebElement) -> None:
    """Wait for the page after the one that an element is on."""
    # Between two pages Chromium's driver also answers with errors of other kinds: then it is asked again.
    WebDriverWait(browser, ANSWER_S, ignored_exceptions=[WebDriverException]).until(staleness_of(element))


def types(browser: webdriver.Chrome, **fields: str) -> None:
    """Fill a form in, send it with the Enter key, and wait for the page that answers."""
    for name, text in fields.items():
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)
    field.send_keys(Keys.ENTER)
    wait_until_gone(browser, field)


def heading(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def test_somebody_follows_a_link_signs_out_and_in_again(
    live_house: tuple[LiveServer, RunningUwsgi], live_stores: Stores, browser: webdriver.Chrome
) -> None:
    server, _ = live_house
    live_stores.attempts.forget(address_key("127.0.0.1"))  # other tests have guessed from here too
    root = f"http://127.0.0.1:{server.port}{server.prefix}"
    link = post_json(server, "/invitations", {"role": "operator"}).json["link"]

    browser.get(f"{root}/welcome?{link.partition('?')[2]}")
    types(browser, name="Inês", password=PASSWORD, again=PASSWORD)
    assert browser.current_url == f"{root}/"
    assert browser.find_element(By.CSS_SELECTOR, "header .me p").text == "Inês, operator"

    out = browser.find_element(By.CSS_SELECTOR, "header form button")
    out.click()
    wait_until_gone(browser, out)
    assert (browser.current_url, heading(browser)) == (f"{root}/sign-in", "Sign in")

    browser.get(f"{root}/people")
    assert browser.current_url == f"{root}/sign-in?next=%2Fporteiro%2Fpeople"
    types(browser, name="Inês", password="not the password")
    assert browser.find_element(By.CSS_SELECTOR, "[role=alert]").text == "The name or the password is wrong."
    severe_lines(browser)  # the browser itself reports the 401
    types(browser, password=PASSWORD)
    assert browser.current_url == f"{root}/people"

    browser.get(f"{root}/accounts")
    assert "This needs the role owner; Inês is operator." in browser.find_element(By.TAG_NAME, "main").text
    assert browser.execute_script("return document.cookie") == ""
