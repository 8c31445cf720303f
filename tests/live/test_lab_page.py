"""The lab's pages in a real browser, through the shipped nginx.conf and uwsgi.ini."""

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browsers import set_width, severe_lines
from tests.pages import address_of, element, texts
from tests.servers import LiveServer, RunningUwsgi
from wsgi_app.lab.exhibits import EXHIBITS

pytestmark = pytest.mark.live

PATIENCE_S = 20


@pytest.fixture
def index(live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome) -> webdriver.Chrome:
    """A browser that shows the front page."""
    set_width(browser, 1280)
    browser.get(address_of(live_house[0], "/lab/"))
    assert severe_lines(browser) == []
    return browser


def offer(browser: webdriver.Chrome, exhibit: str, about: str) -> WebElement:
    """What the page offers to try, by its exhibit and its words."""
    path = f"//section[@id='{exhibit}']//li[starts-with(normalize-space(p), '{about}:')]"
    return browser.find_element(By.XPATH, path)


def tried(browser: webdriver.Chrome, exhibit: str, about: str) -> list[str]:
    """Try something and read what the page then shows: sent, status, headers, body."""
    item = offer(browser, exhibit, about)
    button = item.find_element(By.XPATH, ".//button[.='Try it']")
    button.click()
    state = item.find_element(By.CSS_SELECTOR, "[role=status]")
    WebDriverWait(browser, PATIENCE_S).until(lambda _: button.is_enabled() and "whole after" in state.text)
    shown = item.find_elements(By.CSS_SELECTOR, ".answer pre, .answer [role=status]")
    return [str(each.get_property("textContent")) for each in shown]


def test_the_page_shows_every_exhibit(index: webdriver.Chrome) -> None:
    assert texts(index, ".exhibit h2") == [exhibit.title for exhibit in EXHIBITS]
    assert texts(index, "nav[aria-label='On this page'] a") == [exhibit.title for exhibit in EXHIBITS]
    offered = index.execute_script(
        "return [...document.querySelectorAll('.exhibit')]"
        ".map(each => each.querySelectorAll('li > pre').length)"
    )
    assert offered == [len(exhibit.tries) for exhibit in EXHIBITS]


def test_what_is_tried_shows_the_request_and_the_whole_answer(index: webdriver.Chrome) -> None:
    sent, status, headers, body = tried(index, "hello", "one line of text")

    assert sent == "GET /porteiro/lab/hello\n"
    assert status.startswith("200 OK after ")
    assert {"x-lab: hello", "content-type: text/plain; charset=utf-8"} <= set(headers.splitlines())
    assert body == "Hello, world!\n"
    assert severe_lines(index) == []


def test_a_request_that_is_refused_shows_why(index: webdriver.Chrome) -> None:
    sent, status, headers, body = tried(index, "hello", "the same by POST")

    assert sent == ("POST /porteiro/lab/bad\nContent-Type: application/x-www-form-urlencoded\n\nanything")
    assert status.startswith("400 Bad Request after ")
    assert "x-lab: hello" in headers.splitlines()
    assert body == "Bad: 400 says that your POST was wrong, not the server.\n"
    assert all("400 (Bad Request)" in line for line in severe_lines(index))


def test_lines_are_shown_as_they_arrive(index: webdriver.Chrome) -> None:
    item = offer(index, "stream", "five lines")
    item.find_element(By.XPATH, ".//button[.='Try it']").click()

    def shown(_: webdriver.Chrome) -> str:
        places = item.find_elements(By.CSS_SELECTOR, "[aria-label='Body of the answer']")
        return places[0].text if places else ""

    early = WebDriverWait(index, PATIENCE_S, poll_frequency=0.02).until(shown)
    state = item.find_element(By.CSS_SELECTOR, "[role=status]")
    WebDriverWait(index, PATIENCE_S).until(lambda _: "whole after" in state.text)

    late = shown(index)
    assert late.startswith(early)
    assert len(early.splitlines()) < len(late.splitlines()) == 5


def test_a_line_is_copied(index: webdriver.Chrome) -> None:
    allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    index.execute_cdp_cmd("Browser.grantPermissions", {"permissions": allowed})
    item = offer(index, "hello", "one line of text")
    button = item.find_element(By.XPATH, ".//button[.='Copy']")

    button.click()

    WebDriverWait(index, PATIENCE_S).until(lambda _: button.text == "Copied")
    copied = index.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == f"curl -i {index.current_url}hello"


def test_a_source_stands_beside_what_it_does(index: webdriver.Chrome) -> None:
    source = element(index, "#hello details")
    index.execute_script("arguments[0].scrollIntoView()", source)

    WebDriverWait(index, PATIENCE_S).until(lambda _: 'return plain("Hello, world!")' in source.text)


def test_a_sum_is_worked_out(live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome) -> None:
    browser.get(address_of(live_house[0], "/lab/calc"))

    for name, digits in (("a", "12"), ("b", "34")):
        element(browser, f"[name={name}]").clear()
        element(browser, f"[name={name}]").send_keys(digits)
    Select(element(browser, "select[name=op]")).select_by_visible_text("*")
    element(browser, "form button").click()

    WebDriverWait(browser, PATIENCE_S).until(lambda chrome: texts(chrome, ".notice") == ["12 * 34 = 408"])
    assert severe_lines(browser) == []
