"""The lab's pages in a real browser, through the shipped nginx.conf and uwsgi.ini."""

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browsers import set_width, severe_lines
from tests.pages import address_of, element, texts
from tests.servers import LiveServer, RunningUwsgi
from wsgi_app.lab.exhibits import EXHIBITS

pytestmark = pytest.mark.live

PATIENCE_S = 20
LEAST_PX = 16


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
    press(button)
    state = item.find_element(By.CSS_SELECTOR, "[role=status]")
    WebDriverWait(browser, PATIENCE_S).until(lambda _: button.is_enabled() and "whole after" in state.text)
    shown = item.find_elements(By.CSS_SELECTOR, ".answer pre, .answer [role=status]")
    return [str(each.get_property("textContent")) for each in shown]


def press(button: WebElement) -> None:
    """By the keyboard: sources that come meanwhile move a button away from under a pointer."""
    button.send_keys(Keys.ENTER)


def test_the_page_shows_every_exhibit(index: webdriver.Chrome) -> None:
    assert texts(index, ".exhibit h2") == [exhibit.title for exhibit in EXHIBITS]
    assert texts(index, "nav[aria-label='On this page'] a") == [exhibit.title for exhibit in EXHIBITS]
    offered = index.execute_script(
        "return [...document.querySelectorAll('.exhibit')]"
        ".map(each => each.querySelectorAll('li > pre').length)"
    )
    assert offered == [len(exhibit.tries) + bool(exhibit.client) for exhibit in EXHIBITS]


def test_what_is_tried_shows_the_request_and_the_whole_answer(index: webdriver.Chrome) -> None:
    sent, status, headers, body = tried(index, "hello", "one line of text")

    assert sent == "GET /porteiro/lab/hello\n"
    assert status.startswith("200 OK after ")
    assert {"x-lab: hello", "content-type: text/plain; charset=utf-8"} <= set(headers.splitlines())
    assert body == "Hello, world!\n"
    assert severe_lines(index) == []


def test_a_request_that_is_refused_shows_why(index: webdriver.Chrome) -> None:
    sent, status, headers, body = tried(index, "form", "no form")

    assert sent == ("POST /porteiro/lab/form\nContent-Type: application/x-www-form-urlencoded\n\nhello")
    assert status.startswith("400 Bad Request after ")
    assert "x-lab: form" in headers.splitlines()
    assert '"code":"bad_form"' in body
    assert all("400 (Bad Request)" in line for line in severe_lines(index))


@pytest.mark.parametrize("page", ["calc", "increase", "notes", "form", "echo", "request"])
def test_the_way_back_stands_apart_from_what_is_above_it(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, page: str
) -> None:
    browser.get(address_of(live_house[0], f"/lab/{page}"))

    way = "main > .toolbar:last-child"
    distance_px = browser.execute_script(
        "const way = document.querySelector(arguments[0]);"
        "return way.getBoundingClientRect().top - way.previousElementSibling.getBoundingClientRect().bottom",
        way,
    )

    assert texts(browser, way) == ["Back to the lab"]
    assert distance_px >= LEAST_PX


def test_the_language_of_a_page_looks_chosen(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome
) -> None:
    browser.get(address_of(live_house[0], "/lab/template?lang=pt"))

    colours = browser.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('.chip')]"
        ".map(chip => [chip.lang, getComputedStyle(chip).backgroundColor]))"
    )

    assert colours["en"] == colours["ko"] != colours["pt"]


def test_the_headers_of_a_request_are_sent(index: webdriver.Chrome) -> None:
    sent, status, _, body = tried(index, "greeting", "in Korean, to somebody")

    assert sent == "GET /porteiro/lab/greeting?lang=ko\nX-Student: Ana\n"
    assert status.startswith("200 OK after ")
    assert "Ana" in body


def test_no_cookie_is_sent(index: webdriver.Chrome) -> None:
    index.add_cookie({"name": "porteiro", "value": "kept", "path": "/"})
    shown = tried(index, "echo", "the same as text")[-1]

    index.get(f"{index.current_url}echo")
    followed = element(index, "main pre").text
    index.delete_all_cookies()

    assert "Cookie: hidden" in followed  # the browser has one, and a link sends it
    assert "Host: 127.0.0.1" in shown
    assert "Cookie:" not in shown


def test_lines_are_shown_as_they_arrive(index: webdriver.Chrome) -> None:
    item = offer(index, "stream", "five lines")
    press(item.find_element(By.XPATH, ".//button[.='Try it']"))

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

    press(button)

    WebDriverWait(index, PATIENCE_S).until(lambda _: button.text == "Copied")
    copied = index.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == f"curl -i {index.current_url}hello"


def test_a_source_stands_beside_what_it_does(index: webdriver.Chrome) -> None:
    source = element(index, "#hello details")
    index.execute_script("arguments[0].scrollIntoView()", source)

    WebDriverWait(index, PATIENCE_S).until(lambda _: 'return text_answer("Hello, world!' in source.text)
