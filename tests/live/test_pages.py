"""The pages in a real browser, through the shipped nginx.conf and uwsgi.ini."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.accounts import OWNER, PASSWORD
from tests.browsers import chromium, set_width, sign_in
from tests.conftest import without_request_limit
from tests.doors import Door, add_door
from tests.pages import (
    address_of,
    element,
    first_paint_ms,
    forget_files,
    places,
    prefer,
    problems,
    texts,
)
from tests.servers import LiveServer, RunningUwsgi, enrolled, post_photo, running_house
from wsgi_app.stores.stores import Stores

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]
PATIENCE_S = 20

LAB = ("", "calc", "echo", "files/", "form", "increase", "notes", "request", "template", "ws")


@pytest.fixture
def other_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A second one, as on another desk."""
    with chromium(tmp_path_factory.mktemp("other-chromium")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def live_house(
    tmp_path_factory: pytest.TempPathFactory, pack_folder: Path
) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """A house of its own, in which nobody else leaves doors and people."""
    settings = {
        "PORTEIRO_PACK": str(pack_folder),
        "PORTEIRO_LAB": "1",
        "PORTEIRO_LAB_FILES": str(tmp_path_factory.mktemp("shown")),
    }
    with running_house(tmp_path_factory.mktemp("pages"), settings, edit=without_request_limit) as running:
        yield running


@pytest.fixture
def server(live_house: tuple[LiveServer, RunningUwsgi]) -> LiveServer:
    """The whole chain."""
    return live_house[0]


@pytest.fixture
def door(server: LiveServer, live_stores: Stores) -> Door:
    """A door whose camera fails."""
    door = add_door(server, live_stores)
    assert door.beats(state="degraded", camera_ok=False).status == 204
    return door


@pytest.fixture
def visited(server: LiveServer, door: Door, photo: Photo) -> Door:
    """A house in which Ana lives, three have rung and something was said."""
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    for name in ("ana-4", "bruno-1", "nobody-1"):
        post_photo(server, "/", photo(name))
    said = server.ask(
        "POST", "/messages", b'{"text": "The plumber comes"}', {"Content-Type": "application/json"}
    )
    assert said.status == 202
    return door


@pytest.mark.usefixtures("visited")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_is_light_and_can_be_used_by_all(
    server: LiveServer, browser: webdriver.Chrome, width: int, scheme: str
) -> None:
    prefer(browser, scheme)
    set_width(browser, width)
    forget_files(browser)
    sign_in(browser, server)
    (ana,) = (one["id"] for one in server.ask("GET", "/people").json["people"] if one["name"] == "Ana")
    visit = server.ask("GET", "/visits?limit=1").json["visits"][0]["id"]
    browser.get(address_of(server, "/"))
    addresses = [
        *places(browser),
        address_of(server, f"/people/{ana}"),
        address_of(server, f"/visits/{visit}"),
        *(address_of(server, f"/lab/{path}") for path in LAB),
    ]

    found = {}
    for address in addresses:
        browser.get(address)
        path = address.removeprefix(address_of(server, ""))
        found[path] = problems(browser, width)
        assert browser.current_url == address

    assert {path: list_of for path, list_of in found.items() if list_of} == {}
    assert {"/", "/visits", "/unknown", "/people", "/devices", "/calibration", "/accounts", "/audit"} <= set(
        found
    )


def test_the_page_to_sign_in_and_that_of_an_error_are_as_good(
    server: LiveServer, browser: webdriver.Chrome
) -> None:
    set_width(browser, 360)
    browser.delete_all_cookies()

    browser.get(address_of(server, "/sign-in"))
    sign_in_problems = problems(browser, 360)
    browser.get(address_of(server, "/no/such/page"))
    heading = element(browser, "h1").text
    error_problems = [found for found in problems(browser, 360) if "404 (Not Found)" not in found]

    assert (sign_in_problems, error_problems, heading) == ([], [], "Nothing here")


def test_who_signs_in_by_the_form_sees_the_house_and_who_signs_out_sees_no_more(
    server: LiveServer, browser: webdriver.Chrome
) -> None:
    set_width(browser, 1280)
    browser.delete_all_cookies()
    browser.get(address_of(server, "/"))
    assert element(browser, "h1").text == "Sign in"

    element(browser, "input[name=name]").send_keys(OWNER)
    element(browser, "input[name=password]").send_keys(PASSWORD, Keys.ENTER)
    WebDriverWait(browser, PATIENCE_S).until(title_of_page("The house"))
    assert texts(browser, ".me p") == [f"{OWNER}, owner"]

    element(browser, ".me button").click()
    WebDriverWait(browser, PATIENCE_S).until(title_of_page("Sign in"))


@pytest.mark.usefixtures("visited")
def test_the_dashboard_is_painted_within_a_second(server: LiveServer, browser: webdriver.Chrome) -> None:
    sign_in(browser, server)
    forget_files(browser)

    def paint_ms() -> float:
        browser.get(address_of(server, "/"))
        return first_paint_ms(browser)

    assert min(paint_ms() for _ in range(3)) < 1000


def test_styles_and_scripts_are_sent_once_and_then_only_when_they_changed(server: LiveServer) -> None:
    first = server.ask("GET", "/static/porteiro.css")

    again = server.ask(
        "GET", "/static/porteiro.css", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )

    assert (first.status, first.headers["Content-Type"]) == (200, "text/css")
    assert (again.status, again.body) == (304, b"")


def test_the_dashboard_says_what_happened_and_how_the_doors_are(
    server: LiveServer, browser: webdriver.Chrome, visited: Door
) -> None:
    sign_in(browser, server)

    browser.get(address_of(server, "/"))

    assert browser.title == "Porteiro"
    assert texts(browser, ".visit .who")[:3] == ["no face", "not known", "Ana"]
    assert texts(browser, f"[data-door={visited.name}] .lamp") == ["here", "camera fails"]


def test_the_keyboard_reaches_the_content_first(server: LiveServer, browser: webdriver.Chrome) -> None:
    sign_in(browser, server)
    browser.get(address_of(server, "/"))

    browser.switch_to.active_element.send_keys(Keys.TAB)
    WebDriverWait(browser, PATIENCE_S).until(lambda chrome: element(chrome, ".skip").rect["y"] > 0)
    first = browser.switch_to.active_element
    assert first.text == "Skip to the content"

    first.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"


def test_on_a_phone_what_is_seldom_wanted_is_one_touch_further(
    server: LiveServer, browser: webdriver.Chrome
) -> None:
    set_width(browser, 360)
    sign_in(browser, server)
    browser.get(address_of(server, "/"))

    before = texts(browser, "nav[aria-label=Main] a")
    element(browser, "button[popovertarget=more]").click()
    after = texts(browser, "nav[aria-label=Main] a")

    assert before == ["House", "Visits", "Unknown", "People"]
    assert after == [*before, "Doors", "How sure?", "Accounts", "Audit", "For programs", "Lab"]


@pytest.mark.usefixtures("visited")
def test_a_visit_arrives_in_two_browsers_at_once_and_is_counted(
    server: LiveServer, browser: webdriver.Chrome, other_browser: webdriver.Chrome, photo: Photo
) -> None:
    for each in (browser, other_browser):
        watch(each, server)
    before = tile(browser)

    visit = post_photo(server, "/", photo("ana-5")).json["visit"]

    for each in (browser, other_browser):
        WebDriverWait(each, PATIENCE_S).until(
            lambda chrome: chrome.find_elements(By.CSS_SELECTOR, f".visit.new[data-visit='{visit}']")
        )
        assert texts(each, ".visit .who")[0] == "Ana"
    assert tile(browser) == before + 1


def test_what_one_says_the_other_reads_and_the_one_sees_as_their_own(
    server: LiveServer, browser: webdriver.Chrome, other_browser: webdriver.Chrome
) -> None:
    for each in (browser, other_browser):
        watch(each, server)

    said = "The plumber <b>comes</b> at nine"
    element(browser, "#say input[name=text]").send_keys(said, Keys.ENTER)

    for each, own in ((browser, "true"), (other_browser, "false")):
        WebDriverWait(each, PATIENCE_S).until(
            lambda chrome: texts(chrome, "#messages [data-text]")[-1:] == [said]
        )
        last = "return String(document.querySelector('#messages li:last-child').classList.contains('own'))"
        assert each.execute_script(last) == own
    assert texts(browser, "#messages [data-by]")[-1] == "you"


@pytest.mark.usefixtures("live_house")
def test_a_door_that_has_never_rung_is_told_as_soon_as_it_is_heard(
    server: LiveServer, live_stores: Stores, browser: webdriver.Chrome
) -> None:
    door = add_door(server, live_stores)
    watch(browser, server)
    lamp = f"[data-door={door.name}] .lamp"
    assert texts(browser, lamp) == ["never heard"]

    assert door.beats().status == 204

    WebDriverWait(browser, PATIENCE_S).until(lambda chrome: texts(chrome, lamp) == ["here"])
    WebDriverWait(browser, PATIENCE_S).until(
        lambda chrome: door.name not in " ".join(texts(chrome, ".silent"))
    )


def title_of_page(words: str) -> Callable[[webdriver.Chrome], bool]:
    """Whether a page with this heading is shown, while pages change."""
    return lambda chrome: texts(chrome, "h1") == [words]


@pytest.mark.usefixtures("visited")
def test_who_is_enrolled_and_which_visit_is_deleted_shows_on_an_open_page(
    server: LiveServer, browser: webdriver.Chrome, photo: Photo
) -> None:
    watch(browser, server)
    (newest, *_) = server.ask("GET", "/visits?limit=1").json["visits"]
    name = f"Guest {newest['id'][:8]}"
    assert name not in texts(browser, "[data-part=people] .who")

    enrolled(server, name, photo("fatima-1"))
    assert server.ask("DELETE", f"/visits/{newest['id']}").status == 204

    WebDriverWait(browser, PATIENCE_S).until(lambda chrome: name in texts(chrome, "[data-part=people] .who"))
    assert browser.find_elements(By.CSS_SELECTOR, f"[data-visit='{newest['id']}']") == []


def test_what_cannot_be_undone_is_asked_first(
    server: LiveServer, live_stores: Stores, browser: webdriver.Chrome
) -> None:
    set_width(browser, 1280)
    sign_in(browser, server)
    door = add_door(server, live_stores)
    browser.get(address_of(server, f"/devices/{door.name}"))

    element(browser, "button.danger").click()
    question = browser.switch_to.alert
    assert question.text == f"Accept the token of {door.name} no more? The door cannot ask then."
    question.dismiss()
    assert server.ask("GET", f"/devices/{door.name}").status == 200

    element(browser, "button.danger").click()
    browser.switch_to.alert.accept()
    WebDriverWait(browser, PATIENCE_S).until(title_of_page("Doors"))
    assert server.ask("GET", f"/devices/{door.name}").status == 404


def watch(browser: webdriver.Chrome, server: LiveServer) -> None:
    """Open the dashboard and wait until it is fed."""
    set_width(browser, 1280)
    sign_in(browser, server)
    browser.get(address_of(server, "/"))
    WebDriverWait(browser, PATIENCE_S).until(lambda chrome: element(chrome, "#state").text == "live")


def tile(browser: webdriver.Chrome) -> int:
    """How many were let in today, as the page says it."""
    return int(element(browser, "[data-outcomes=known] strong").text)
