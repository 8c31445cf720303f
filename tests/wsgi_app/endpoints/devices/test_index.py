"""Door devices: what becomes of them while nothing is heard, and the page on which the owner keeps them."""

from pathlib import Path

import msgspec
from structlog.testing import capture_logs

from pi_client.evidence import signed_headers
from tests.conftest import Clock
from tests.doors import GOOD_VITALS, Door, add_door
from tests.forms import FORM, HTML
from tests.servers import InProcessServer, post_json
from wsgi_app.stores.secret_file import open_secret
from wsgi_app.stores.stores import Stores


def test_a_silent_device_is_late_and_then_lost_until_it_is_heard_again(
    server: InProcessServer, door: Door, clock: Clock
) -> None:
    seen = []
    door.beats()
    for seconds in (60, 60, 180):
        clock.advance(seconds)
        seen.append(server.ask("GET", "/devices/front-door").json["state"])
    door.beats(uptime_s=2)

    again = server.ask("GET", "/devices/front-door").json
    assert seen == ["here", "late", "lost"]
    assert (again["state"], again["missed"]) == ("here", 4)


def test_a_list_without_devices_is_empty(server: InProcessServer) -> None:
    assert server.ask("GET", "/devices").json == {"devices": [], "tried": []}


def test_the_page_makes_a_token_and_shows_it_once(server: InProcessServer, stores: Stores) -> None:
    made = server.ask("POST", "/devices", b"name=back-door", FORM)

    token = made.body.decode().partition('aria-label="Token">')[2].partition("</pre>")[0]
    assert (made.status, made.headers["Cache-Control"]) == (201, "no-store")
    assert token.startswith("back-door.")
    assert Door(server, "back-door", token, stores.now).beats().status == 204
    for path in ("/devices", "/devices/back-door"):
        assert token not in server.ask("GET", path, headers=HTML).body.decode()


def test_the_page_revokes_a_token_and_goes_back_to_the_list(server: InProcessServer, door: Door) -> None:
    gone = server.ask("POST", "/devices/front-door", b"_method=DELETE", FORM)

    assert (gone.status, gone.headers["Location"]) == (303, "http://localhost/porteiro/devices")
    assert door.beats().error == "revoked"


def test_a_door_whose_token_is_of_another_secret_is_shown_as_that_until_the_file_is_back(
    server: InProcessServer, stores: Stores, tmp_path: Path
) -> None:
    token = post_json(server, "/devices", {"name": "front-door"}).json["token"]
    door, file = Door(server, "front-door", token, stores.now), tmp_path / "keys" / "doors.key"
    stores.devices.hear("front-door", GOOD_VITALS)

    def shown() -> tuple[bool, bool, bool]:
        doors, start = (server.ask("GET", path, headers=HTML).body.decode() for path in ("/devices", "/"))
        renew = server.ask("GET", "/devices/front-door").json["renew"]
        return renew, "made with another secret" in doors, "renew its token" in start

    assert shown() == (False, False, False)
    file.rename(file.with_name("kept.key"))
    assert shown() == (False, False, False)  # the server has it still
    open_secret(file)
    assert shown() == (True, True, True)
    assert door.beats().status == 204  # where the token is sent, as over https, it is enough
    file.with_name("kept.key").replace(file)
    assert shown() == (False, False, False)


def test_the_log_tells_why_what_a_door_signed_is_not_accepted(
    server: InProcessServer, stores: Stores, tmp_path: Path
) -> None:
    token = post_json(server, "/devices", {"name": "front-door"}).json["token"]
    file, target = tmp_path / "keys" / "doors.key", "/devices/front-door/heartbeat"
    stated = {"method": "PUT", "target": target, "Content-Type": "application/json"}

    def sent(body: bytes, signed: bytes) -> tuple[int, list[tuple[str, str]]]:
        headers = signed_headers(token, stores.now(), stated, signed) | {"Content-Type": "application/json"}
        with capture_logs() as lines:
            status = server.ask("PUT", target, body, headers).status
        return status, [(line["door"], line["why"]) for line in lines if "why" in line]

    good = msgspec.json.encode(GOOD_VITALS)
    assert sent(good, good) == (204, [])
    assert sent(b"{}", good) == (401, [("front-door", "bad_signature:body")])
    file.unlink()
    open_secret(file)
    assert sent(good, good) == (401, [("front-door", "bad_signature:renew")])


def test_what_the_page_refuses_is_told_on_a_page(server: InProcessServer, door: Door) -> None:
    for name, status, words in (("Front+Door", 422, "cannot be a door"), ("front-door", 409, "has a token")):
        refused = server.ask("POST", "/devices", f"name={name}".encode(), {**FORM, **HTML})

        assert (refused.status, refused.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
        assert words in refused.body.decode()


def test_the_page_shows_every_door_and_how_it_is(
    server: InProcessServer, stores: Stores, door: Door, clock: Clock
) -> None:
    add_door(server, stores, "back-door")
    door.beats(temperature_c=None, signal_dbm=None, camera_ok=False)
    clock.advance(100)

    page = server.ask("GET", "/devices", headers=HTML).body.decode()

    assert [page.count(f'data-door="{name}"') for name in ("front-door", "back-door")] == [1, 1]
    for words in (
        "late",
        "never heard",
        "05 Jan 2026",
        "fails",
        "not known",
        "Nothing was heard from it yet",
    ):
        assert words in page


def test_one_door_has_a_page_of_its_own(server: InProcessServer, stores: Stores, door: Door) -> None:
    add_door(server, stores, "back-door")

    page = server.ask("GET", "/devices/front-door", headers=HTML)

    assert page.status == 200
    assert b'data-door="front-door"' in page.body
    assert b"back-door" not in page.body


def test_what_a_door_of_another_release_told_is_shown_as_far_as_it_goes(
    server: InProcessServer, stores: Stores, door: Door
) -> None:
    stores.devices.hear("front-door", GOOD_VITALS)

    page = server.ask("GET", "/devices", headers=HTML)

    assert (page.status, b"<dd>ready</dd>" in page.body) == (200, True)


def test_a_long_list_has_further_pages(server: InProcessServer, stores: Stores, door: Door) -> None:
    add_door(server, stores, "back-door")

    page = server.ask("GET", "/devices?limit=1&format=html")

    assert page.headers["Link"].endswith('rel="next"')
    assert b'data-door="back-door"' in page.body
    assert b"More doors" in page.body


def test_who_made_and_revoked_a_token_is_in_the_audit_log(server: InProcessServer, stores: Stores) -> None:
    post_json(server, "/devices", {"name": "side-door"})
    server.ask("DELETE", "/devices/side-door")

    assert [(event.action, event.subject, event.by) for event in stores.events.done_by_somebody(9)] == [
        ("revoked", "side-door", "this machine"),
        ("added", "side-door", "this machine"),
    ]
