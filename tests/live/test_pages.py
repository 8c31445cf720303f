"""The pages in a real browser, at the width of a phone and of a desk."""

from collections.abc import Callable, Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.browsers import chromium, set_width, severe_lines
from tests.doors import add_door
from tests.servers import LiveServer, RunningUwsgi, enrolled, post_photo
from wsgi_app.stores.devices import DeviceStore

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Chromium without a window."""
    with chromium(tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome


@pytest.mark.parametrize("width", [360, 1280])
def test_the_dashboard_fits_shows_its_photos_and_has_no_errors(
    live_house: tuple[LiveServer, RunningUwsgi],
    live_devices: DeviceStore,
    browser: webdriver.Chrome,
    photo: Photo,
    width: int,
) -> None:
    server, _ = live_house
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    door = add_door(server, live_devices)
    assert door.beats(state="degraded", camera_ok=False).status == 204
    for name in ("ana-4", "bruno-1", "nobody-1"):
        post_photo(server, "/", photo(name))
    set_width(browser, width)

    browser.get(f"http://127.0.0.1:{server.port}{server.prefix}/")
    browser.execute_script("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    broken = browser.execute_async_script(
        "const done = arguments[0];"
        "Promise.all([...document.images].map(image => image.decode().then(() => null, () => image.src)))"
        ".then(all => done(all.filter(Boolean)))"
    )

    assert browser.title == "Porteiro"
    assert broken == []
    who = [line.text for line in browser.find_elements(By.CSS_SELECTOR, ".visit .who")]
    assert who[:3] == ["no face", "not known", "Ana"]
    lamp = browser.find_element(By.CSS_SELECTOR, f"[data-door={door.name}] .lamp")
    assert lamp.text == "here"
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert severe_lines(browser) == []
