"""The simulator's page in a real browser, at the width of a phone and of a desk."""

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from pi_client import lamps
from pi_client.machine import State
from tests.browsers import set_width, severe_lines
from tests.pi_client.simulator.staging import PATIENCE_S, Play, photo_folder, play

pytestmark = pytest.mark.live

EVERYBODY = (
    "ana-1.jpg",
    "bruno-1.jpg",
    "chen-1.jpg",
    "dana-1.jpg",
    "eun-1.jpg",
    "hana-3.jpg",
    "nobody-1.jpg",
)


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Play]:
    """A page whose door grants every press while it lasts."""
    with play(photo_folder(tmp_path / "photos", *EVERYBODY)) as staged:
        over = threading.Event()
        thread = threading.Thread(target=grant_while_pressed, args=(staged, over))
        thread.start()
        try:
            yield staged
        finally:
            over.set()
            thread.join()


def grant_while_pressed(staged: Play, over: threading.Event) -> None:
    while not over.wait(0.005):
        pressed = staged.device.button_is_down()
        staged.door.counts.presses += pressed and staged.door.state is State.READY
        staged.door.state = State.GRANTED if pressed else State.READY
        staged.door.pattern = lamps.GRANTED if pressed else lamps.IDLE
        staged.device.light(lamps.GREEN if pressed else lamps.NOTHING)
        staged.device.set_relay(closed=pressed)


def wait_for(browser: webdriver.Chrome, script: str) -> None:
    WebDriverWait(browser, PATIENCE_S, 0.02).until(lambda page: page.execute_script(f"return {script}"))


def open_page(browser: webdriver.Chrome, staged: Play, width: int) -> None:
    set_width(browser, width)
    browser.get(staged.page.url)
    wait_for(browser, "document.getElementById('words').textContent === 'Ready. Press the button.'")
    wait_for(browser, "document.querySelectorAll('.person').length === 7")


GREEN_IS_ON = "document.querySelector('#green.on .glass[aria-label=\"Green lamp: on\"]') !== null"
NOTHING_IS_ON = "document.querySelector('.lamp.on') === null"


@pytest.mark.parametrize("width", [390, 1280])
def test_holding_the_button_lights_a_lamp_and_opens_the_door(
    browser: webdriver.Chrome, staged: Play, width: int
) -> None:
    open_page(browser, staged, width)
    button = browser.find_element(By.ID, "button")

    ActionChains(browser).click_and_hold(button).perform()
    wait_for(browser, GREEN_IS_ON)
    held = browser.find_element(By.ID, "words").text, browser.find_element(By.ID, "relay").text
    ActionChains(browser).release(button).perform()
    wait_for(browser, NOTHING_IS_ON)

    assert held == ("Come in.", "Door open")
    assert browser.find_element(By.ID, "relay").text == "Door shut"
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert severe_lines(browser) == []


@pytest.mark.parametrize("key", [Keys.SPACE, Keys.ENTER])
def test_a_key_holds_the_button_once(browser: webdriver.Chrome, staged: Play, key: str) -> None:
    open_page(browser, staged, 1280)

    ActionChains(browser).key_down(key).perform()
    wait_for(browser, GREEN_IS_ON)
    ActionChains(browser).key_down(key).key_up(key).perform()
    wait_for(browser, NOTHING_IS_ON)
    wait_for(browser, "document.getElementById('presses').textContent === '1 press'")

    assert staged.door.counts.presses == 1


def test_a_page_that_loses_the_focus_lets_go(browser: webdriver.Chrome, staged: Play) -> None:
    open_page(browser, staged, 1280)
    ActionChains(browser).key_down(Keys.SPACE).perform()
    wait_for(browser, GREEN_IS_ON)

    browser.execute_script("window.dispatchEvent(new Event('blur'))")

    wait_for(browser, NOTHING_IS_ON)
    ActionChains(browser).key_up(Keys.SPACE).perform()
    assert not staged.device.button_is_down()


def test_who_is_chosen_stands_before_the_camera(browser: webdriver.Chrome, staged: Play) -> None:
    open_page(browser, staged, 390)

    browser.find_elements(By.CSS_SELECTOR, ".person")[2].click()
    wait_for(browser, "document.getElementById('caption').textContent === 'chen 1'")

    assert staged.stage.chosen == "chen-1.jpg"
    assert browser.execute_async_script(
        "const done = arguments[0], image = document.getElementById('camera');"
        "image.decode().then(() => done([image.naturalWidth, image.naturalHeight]), () => done(null))"
    ) == [960, 540]


def test_the_log_follows_its_end_and_hostile_lines_stay_text(browser: webdriver.Chrome, staged: Play) -> None:
    open_page(browser, staged, 390)
    for number in range(250):
        text = f"<img src=x onerror=alert(1)> {number}"
        staged.lines.handle(logging.makeLogRecord({"levelno": 30, "levelname": "WARNING", "msg": text}))

    wait_for(browser, "document.querySelector('#log li:last-child span')?.textContent.endsWith(' 249')")

    shown = browser.execute_script(
        "const log = document.getElementById('log');"
        "return [log.children.length, log.querySelectorAll('img').length,"
        " Math.round(log.scrollHeight - log.scrollTop - log.clientHeight)]"
    )
    assert json.dumps(shown) == "[200, 0, 0]"


def test_a_simulator_that_ends_is_noticed(browser: webdriver.Chrome, tmp_path: Path) -> None:
    with play(photo_folder(tmp_path / "photos", *EVERYBODY)) as staged:
        open_page(browser, staged, 390)
        assert not browser.find_element(By.ID, "lost").is_displayed()

    wait_for(browser, "!document.getElementById('lost').hidden")
    severe_lines(browser)  # of the connection that was lost: none of them the next test's
