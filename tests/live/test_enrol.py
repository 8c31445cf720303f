"""Enrolling in a real browser: from files, and from its camera, which here shows a made-up film."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browsers import chromium, set_width, severe_lines, sign_in
from tests.conftest import PHOTOS
from tests.pages import address_of
from tests.servers import LiveServer, RunningUwsgi, post_json

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]
FILM = (640, 480)
FRAMES_EACH = 20  # two thirds of a second
PATIENCE_S = 30
DRAGGING = ("dragover", "drop")

# Whether the browser itself goes on with what is dragged to a place, which is to open the photo.
DROPPED = (
    "return document.querySelector(arguments[0]).dispatchEvent("
    "new DragEvent(arguments[1], {bubbles: true, cancelable: true, dataTransfer: new DataTransfer()}))"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium with a camera before which Ivo stands."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "film.mjpeg").write_bytes(film("ivo-2", "ivo-3", "ivo-4", "ivo-5"))
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={folder / 'film.mjpeg'}",
    )
    with chromium(folder / "profile", *camera) as chrome:
        yield chrome


def film(*names: str) -> bytes:
    """Photos one after the other, as a film of JPEG frames."""
    frames = b""
    for name in names:
        frame = io.BytesIO()
        ImageOps.fit(Image.open(PHOTOS / f"{name}.jpg"), FILM).save(frame, "JPEG")
        frames += frame.getvalue() * FRAMES_EACH
    return frames


@pytest.fixture
def ivo(live_house: tuple[LiveServer, RunningUwsgi]) -> Iterator[str]:
    """The path of Ivo, who has no photos yet and is forgotten in the end."""
    server = live_house[0]
    here = f"/people/{post_json(server, '/people', {'name': 'Ivo at the page'}).json['id']}"
    yield here
    assert server.ask("DELETE", here).status == 204


@pytest.fixture(autouse=True)
def _on_a_desk(browser: webdriver.Chrome) -> None:
    set_width(browser, 1280)


def shown_photos(browser: webdriver.Chrome) -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, "[data-part=photos] .face")


def find(browser: webdriver.Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f"#enrol {selector}")


def rows(browser: webdriver.Chrome) -> list[list[str]]:
    return [row.text.splitlines() for row in browser.find_elements(By.CSS_SELECTOR, "#enrol .results li")]


def wait_until(browser: webdriver.Chrome, selector: str, text: str) -> None:
    WebDriverWait(browser, PATIENCE_S).until(lambda _: text in find(browser, selector).text)


def test_photos_from_files_are_enrolled_or_refused_one_by_one(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, ivo: str, tmp_path: Path
) -> None:
    server = live_house[0]
    (tmp_path / "photos.zip").write_bytes(b"PK\x03\x04" + bytes(1000))
    Image.open(PHOTOS / "ivo-3.jpg").resize((3840, 2160)).save(tmp_path / "large.png")
    sign_in(browser, server)
    browser.get(address_of(server, ivo))

    chosen = (PHOTOS / "ivo-1.jpg", PHOTOS / "nobody-1.jpg", tmp_path / "photos.zip", tmp_path / "large.png")
    find(browser, ".drop input").send_keys("\n".join(map(str, chosen)))
    wait_until(browser, "[data-summary]", "2 of 4 enrolled.")

    assert rows(browser) == [
        ["ivo-1.jpg", "enrolled", "Undo"],
        [
            "nobody-1.jpg",
            "No face can be made out in this photo; use one that shows it whole and upright, in even light.",
        ],
        ["photos.zip", "This is not a JPEG, PNG, WebP, HEIC or AVIF picture."],
        ["large.png", "enrolled", "Undo"],
    ]
    faces = server.ask("GET", f"{ivo}/faces").json["faces"]
    assert len(faces) == 2
    WebDriverWait(browser, PATIENCE_S).until(lambda _: len(shown_photos(browser)) == len(faces))
    assert "No photos yet" not in browser.find_element(By.TAG_NAME, "main").text
    for width in (360, 1280):
        set_width(browser, width)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_look_alike_is_enrolled_when_somebody_insists(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, ivo: str
) -> None:
    server = live_house[0]
    twin = f"/people/{post_json(server, '/people', {'name': 'Twin at the page'}).json['id']}"
    sign_in(browser, server)
    browser.get(address_of(server, twin))
    find(browser, ".drop input").send_keys(str(PHOTOS / "ivo-1.jpg"))
    wait_until(browser, "[data-summary]", "1 of 1 enrolled.")

    browser.get(address_of(server, ivo))
    find(browser, ".drop input").send_keys(str(PHOTOS / "ivo-3.jpg"))
    wait_until(browser, ".results", "This looks like Twin at the page")
    assert "press 'Enrol all the same'" in find(browser, ".results").text
    browser.execute_script("arguments[0].click(); arguments[0].click();", find(browser, ".results button"))
    wait_until(browser, "[data-summary]", "1 of 1 enrolled.")

    assert rows(browser) == [["ivo-3.jpg", "enrolled", "Undo"]]
    assert server.ask("GET", ivo).json["faces"] == 1

    find(browser, ".results button").click()
    wait_until(browser, ".results .why", "undone")
    assert find(browser, "[data-summary]").text == "0 of 1 enrolled."
    assert server.ask("GET", ivo).json["faces"] == 0
    assert server.ask("DELETE", twin).status == 204


def test_a_photo_that_is_dropped_beside_the_box_leaves_the_page_as_it_is(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, ivo: str
) -> None:
    sign_in(browser, live_house[0])
    browser.get(address_of(live_house[0], ivo))

    goes_on = [browser.execute_script(DROPPED, place, kind) for place in ("h1", ".drop") for kind in DRAGGING]

    assert goes_on == [False] * 4


def test_the_best_shots_of_a_few_seconds_of_camera_are_enrolled(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, ivo: str
) -> None:
    server = live_house[0]
    set_width(browser, 360)
    sign_in(browser, server)
    browser.get(address_of(server, ivo))
    severe_lines(browser)

    find(browser, "[data-do=open]").send_keys(Keys.ENTER)
    wait_until(browser, "[data-camera]", "These are the best.")
    shots = browser.find_elements(By.CSS_SELECTOR, "#enrol .shots img")
    alternatives = [shot.get_attribute("alt") for shot in shots]
    focused = browser.switch_to.active_element.text
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait_until(browser, "[data-summary]", "3 of 3 enrolled.")

    assert (alternatives, focused) == (["Shot 1", "Shot 2", "Shot 3"], "Enrol these")
    assert server.ask("GET", ivo).json["faces"] == 3
    assert severe_lines(browser) == []
    assert not find(browser, ".walk-up").is_displayed()
    assert browser.execute_script("return document.querySelector('#enrol video').srcObject") is None


def test_a_browser_without_a_camera_for_this_page_says_how_to_get_one(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, ivo: str
) -> None:
    server = live_house[0]
    sign_in(browser, server)
    browser.get(address_of(server, ivo))
    browser.execute_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")

    find(browser, "[data-do=open]").click()

    wait_until(browser, "[data-camera]", "Open this page over https")
    find(browser, "[data-do=close]").click()
    assert browser.switch_to.active_element.text == "Use the camera"


def test_more_photos_than_are_taken_at_once_are_left_out_and_said(
    live_house: tuple[LiveServer, RunningUwsgi], browser: webdriver.Chrome, ivo: str, tmp_path: Path
) -> None:
    server = live_house[0]
    letters = [tmp_path / f"{at:03}.txt" for at in range(103)]
    for letter in letters:
        letter.write_text("Dear Ivo")
    sign_in(browser, server)
    browser.get(address_of(server, ivo))

    find(browser, ".drop input").send_keys("\n".join(map(str, letters)))

    wait_until(browser, "[data-summary]", "0 of 100 enrolled. 3 more were left out: at most 100 at once.")
    assert len(rows(browser)) == 100
