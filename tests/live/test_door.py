"""From the button to the lamps: the simulator's own process, its page in a browser, the server as shipped."""

import contextlib
import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browsers import set_width, severe_lines
from tests.pi_client.commands.processes import door_process
from tests.pi_client.simulator.staging import photo_folder
from tests.servers import LiveServer, RunningUwsgi, enrolled, nginx, running_house

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]
Chain = tuple[LiveServer, RunningUwsgi]

PROGRAMS = Path(sys.executable).parent
PATIENCE_S = 60.0  # a door gives up earlier
# A result ends amid a step of its pattern: red and yellow take half a second each.
QUICK = {"PORTEIRO_DOOR_LEDS_RESULT_S": "1.25", "PORTEIRO_DOOR_RELAY_PULSE_S": "0.5"}

READY = "document.getElementById('words').textContent === 'Ready. Press the button.'"
ANSWERED = "['granted', 'refused', 'failed'].includes(document.getElementById('scene').dataset.state)"
PERSON = (
    "return [...document.querySelectorAll('.person')].find((one) => one.innerText.trim() === arguments[0])"
)
# Notes down each change of the page: what is lit for a moment only is seen too.
TAKE_NOTES = """
window.seen = {lamps: [], words: [], relay: []};
const add = (list, now) => { if (list.at(-1) !== now) list.push(now); };
const note = () => {
  add(seen.lamps, [...document.querySelectorAll(".lamp.on")].map((lamp) => lamp.id).join(" and "));
  add(seen.words, document.getElementById("words").textContent);
  add(seen.relay, document.getElementById("relay").textContent);
};
note();
new MutationObserver(note).observe(
  document.getElementById("scene"), {subtree: true, attributes: true, childList: true, characterData: true});
"""


@dataclass(frozen=True)
class Seen:
    """What the page showed, one after the other."""

    lamps: tuple[str, ...]
    words: tuple[str, ...]
    relay: tuple[str, ...]

    @property
    def result(self) -> tuple[str, ...]:
        """The lamps after the yellow of waiting, which an answer that comes at once leaves out."""
        return tuple(itertools.dropwhile(("", "yellow").__contains__, self.lamps))


@pytest.fixture(scope="module")
def chain(
    tmp_path_factory: pytest.TempPathFactory, pack_folder: Path, photo: Photo
) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """A house behind nginx whose doors must have tokens; Ana lives there."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_ANONYMOUS_DOORS": "0", "PORTEIRO_PROCESSES": "1"}
    with running_house(tmp_path_factory.mktemp("house"), settings) as (server, running):
        enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
        yield server, running


def porteiro(chain: Chain, *arguments: str) -> str:
    """What the server's command line says."""
    command = [str(PROGRAMS / "porteiro"), *arguments]
    return subprocess.run(command, env=chain[1].environ, stdout=subprocess.PIPE, text=True, check=True).stdout


@contextlib.contextmanager
def simulator(folder: Path, server: LiveServer, token: str) -> Iterator[str]:
    """Run ``porteiro-door simulate`` while the context lasts; gives its page's address."""
    photos = photo_folder(folder / "before-the-door", "ana-4.jpg", "bruno-1.jpg")
    token_file = folder / "door.token"
    token_file.write_text(token)
    url = f"http://127.0.0.1:{server.port}{server.prefix}"
    options = ("--photos", str(photos), "--server", url, "--token-file", str(token_file), "--port", "0")
    with door_process("simulate", *options, folder=folder, **QUICK) as door:
        yield door.page()
        assert door.stop() == 0, "".join(door.output.lines)
    assert token.strip() not in "".join(door.output.lines)


class DoorPage:
    """The simulator's page, as a visitor uses it."""

    def __init__(self, browser: webdriver.Chrome, address: str):
        """Open it, and wait until the door is ready."""
        self._browser = browser
        set_width(browser, 1280)
        browser.get(address)
        self._wait_for("document.querySelectorAll('.person').length === 2")
        self._wait_for(READY)

    def goes_before_the_camera(self, who: str) -> None:
        """Choose who stands there."""
        self._browser.execute_script(PERSON, who).click()
        self._wait_for(f"document.getElementById('caption').textContent === '{who}'")

    def presses(self) -> Seen:
        """Press, let go once there is an answer; gives all that was seen until the door is ready anew."""
        self._browser.execute_script(TAKE_NOTES)
        button = self._browser.find_element(By.ID, "button")
        ActionChains(self._browser).click_and_hold(button).perform()
        self._wait_for(ANSWERED)
        ActionChains(self._browser).release(button).perform()
        self._wait_for(READY)
        notes = self._browser.execute_script("return seen")
        return Seen(**{name: tuple(shown) for name, shown in notes.items()})

    def _wait_for(self, script: str) -> None:
        wait = WebDriverWait(self._browser, PATIENCE_S, 0.02)
        wait.until(lambda page: page.execute_script(f"return {script}"))


@contextlib.contextmanager
def door_page(browser: webdriver.Chrome, folder: Path, server: LiveServer, token: str) -> Iterator[DoorPage]:
    """The page of a simulated door while the context lasts."""
    with simulator(folder, server, token) as address:
        yield DoorPage(browser, address)
        assert severe_lines(browser) == []
        browser.get("about:blank")


def test_ana_sees_green_and_the_door_opens_bruno_sees_red_and_the_server_knows_which_door_asked(
    chain: Chain, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    server = chain[0]
    token = porteiro(chain, "token", "add", "front-door")
    with door_page(browser, tmp_path, server, token) as page:
        page.goes_before_the_camera("ana 4")
        ana = page.presses()
        page.goes_before_the_camera("bruno 1")
        bruno = page.presses()
        device = server.ask("GET", "/devices/front-door").json

    assert (ana.result, ana.relay) == (("green", ""), ("Door shut", "Door open", "Door shut"))
    assert "Come in." in ana.words
    assert (bruno.result, bruno.relay) == (("red", "", "red", ""), ("Door shut",))
    assert "Not let in." in bruno.words
    visits = server.ask("GET", "/visits").json["visits"]
    assert [visit["outcome"] for visit in visits if visit["device"] == "device:front-door"] == [
        "unknown",
        "known",
    ]
    assert (device["state"], device["vitals"]["camera_ok"]) == ("here", True)


def test_a_door_whose_token_is_revoked_shows_red_and_yellow_by_turns_and_opens_to_nobody(
    chain: Chain, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    token = porteiro(chain, "token", "add", "side-door")
    with door_page(browser, tmp_path, chain[0], token) as page:
        page.goes_before_the_camera("ana 4")
        before = page.presses()
        porteiro(chain, "token", "revoke", "side-door")
        seen = page.presses()

    assert "green" in before.lamps
    assert (seen.result, seen.relay) == (("red", "yellow", "red", ""), ("Door shut",))
    assert "Something is set up wrongly: see the log." in seen.words


def test_a_door_whose_server_has_stopped_shows_yellow_and_opens_to_nobody(
    chain: Chain, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    token = porteiro(chain, "token", "add", "back-door")
    presses = Path(chain[1].environ["PORTEIRO_SOCKET"])
    for socket in (presses, presses.with_name("others.sock")):
        (tmp_path / socket.name).symlink_to(socket)
    with contextlib.ExitStack() as running:
        server = LiveServer(running.enter_context(nginx(tmp_path)))
        with door_page(browser, tmp_path, server, token) as page:
            page.goes_before_the_camera("ana 4")
            before = page.presses()
            running.close()
            seen = page.presses()

    assert "green" in before.lamps
    assert (set(seen.lamps), seen.relay) == ({"", "yellow"}, ("Door shut",))
    assert "The server could not answer: see the log." in seen.words
