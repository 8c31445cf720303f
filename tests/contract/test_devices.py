"""Doors with a token: how they are, in this process and through nginx and uWSGI."""

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.doors import VITALS, Door, add_door
from tests.servers import Server, path_of, post_json
from wsgi_app.stores.stores import Stores


def test_a_device_that_was_never_heard_is_shown_as_that(any_server: Server, door: Door) -> None:
    answer = any_server.ask("GET", f"/devices/{door.name}")

    address = answer.json["links"]["self"]
    assert (answer.status, answer.json) == (
        200,
        {
            "id": door.name,
            "state": "never",
            "vitals": None,
            "heard_at": None,
            "missed": 0,
            "outdated": False,
            "renew": False,
            "links": {"self": address, "heartbeat": f"{address}/heartbeat"},
        },
    )
    assert address.endswith(f"{any_server.prefix}/devices/{door.name}")


def test_a_heartbeat_is_shown(any_server: Server, door: Door) -> None:
    heard = door.beats()
    shown = any_server.ask("GET", f"/devices/{door.name}").json

    assert (heard.status, heard.body) == (204, b"")
    assert (shown["state"], shown["vitals"], shown["missed"]) == ("here", VITALS, 0)
    since = door.now() - datetime.fromisoformat(shown["heard_at"])
    assert timedelta() <= since < timedelta(seconds=30)


def test_what_a_device_cannot_tell_is_null(any_server: Server, door: Door) -> None:
    unknown: dict[str, Any] = {"last_press_at": None, "temperature_c": None, "signal_dbm": None}

    assert door.beats(**unknown).status == 204
    assert any_server.ask("GET", f"/devices/{door.name}").json["vitals"] == {**VITALS, **unknown}


def test_what_a_newer_device_tells_besides_is_left_out(any_server: Server, door: Door) -> None:
    assert door.beats(humidity=0.4).status == 204
    assert any_server.ask("GET", f"/devices/{door.name}").json["vitals"] == VITALS


def test_a_device_that_is_too_old_is_heard_and_marked(any_server: Server, door: Door) -> None:
    old = {name: value for name, value in VITALS.items() if name != "evidence"}

    beaten = post_json(any_server, f"/devices/{door.name}/heartbeat", old, "PUT", **door.bearer)
    shown = any_server.ask("GET", f"/devices/{door.name}").json
    page = any_server.ask("GET", f"/devices/{door.name}?format=html").body.decode()
    door.beats()
    updated = any_server.ask("GET", f"/devices/{door.name}?format=html").body.decode()

    assert (beaten.status, beaten.headers["Porteiro-Evidence"]) == (204, "2")
    assert (shown["state"], shown["outdated"], shown["vitals"]["evidence"]) == ("here", True, 1)
    assert ("Update it: its software is too old" in page, "update it" in page) == (True, True)
    assert "pdate it" not in updated


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("evidence", 0),
        ("evidence", "2"),
        ("evidence", 2**70),
        ("version", "1" * 33),
        ("version", ""),
        ("version", "1.0\n"),
        ("boot", "two words"),
        ("uptime_s", -1),
        ("uptime_s", 1e300),
        ("state", "<b>"),
        ("camera_ok", 1),
        ("presses", -1),
        ("presses", 2**64),
        ("ignored", 0.5),
        ("queue", -1),
        ("last_press_at", "yesterday"),
        ("last_press_at", "2026-01-05T10:00:00"),
        ("temperature_c", 1000),
        ("signal_dbm", "strong"),
    ],
)
def test_vitals_that_cannot_be_are_refused(door: Door, key: str, value: Any) -> None:
    answer = door.beats(**{key: value})

    assert (answer.status, answer.error) == (422, "json_shape")


def test_a_heartbeat_is_small(door: Door) -> None:
    answer = door.beats(version="x" * 5000)

    assert (answer.status, answer.error) == (413, "too_large")


def test_a_heartbeat_needs_the_devices_own_token(any_server: Server, door: Door, kept: Stores) -> None:
    other = add_door(any_server, kept)
    path = f"/devices/{door.name}/heartbeat"
    answers = [
        replace(door, token=other.token).beats(),
        replace(door, token=f"{door.name}.{'x' * 43}").beats(),
        post_json(any_server, path, VITALS, "PUT"),
    ]

    assert [(answer.status, answer.error) for answer in answers] == [
        (403, "other_device"),
        (401, "bad_token"),
        (401, "token_needed"),
    ]
    assert [answer.headers.get("WWW-Authenticate") for answer in answers] == [None, "Bearer", "Bearer"]
    # A door whose proof was taken away on its way sees by it that the server is none of an earlier release.
    assert [answer.headers.get("Porteiro-Evidence") for answer in answers] == [None, None, "2"]
    assert any_server.ask("GET", f"/devices/{door.name}").json["state"] == "never"


def test_a_revoked_device_is_heard_and_shown_no_more(any_server: Server, door: Door, kept: Stores) -> None:
    door.beats()
    kept.devices.revoke(door.name)

    heard = door.beats()

    assert (heard.status, heard.error) == (403, "revoked")
    assert any_server.ask("GET", f"/devices/{door.name}").status == 404


def test_devices_are_listed_a_page_at_a_time_by_name(any_server: Server, door: Door, kept: Stores) -> None:
    names = [add_door(any_server, kept, f"{door.name}-{letter}").name for letter in "cab"]
    listed = []
    path: str | None = "/devices?limit=2"
    while path:
        page = any_server.ask("GET", path)
        assert len(page.json["devices"]) <= 2
        listed += page.json["devices"]
        link = page.headers.get("Link")
        path = path_of(any_server, link[1 : link.index(">")]) if link else None

    ids = [device["id"] for device in listed]
    assert ids == sorted(ids)
    assert [name for name in ids if name.startswith(door.name)] == [door.name, *sorted(names)]
    assert any_server.ask("GET", f"/devices/{door.name}").json in listed


def test_nothing_that_is_shown_tells_the_hash(any_server: Server, door: Door, kept: Stores) -> None:
    door.beats()
    shown = b"".join(
        any_server.ask("GET", path).body for path in ("/devices", f"/devices/{door.name}", "/", "/metrics")
    )

    assert door.name.encode() in shown
    assert b"hash" not in shown
    assert door.token.partition(".")[2].encode() not in shown


def test_a_device_that_is_not_there_is_404(any_server: Server) -> None:
    assert any_server.ask("GET", "/devices/nobody").status == 404


def test_a_new_door_is_told_its_token_once(any_server: Server) -> None:
    name = f"door-{uuid.uuid4().hex}"

    made = post_json(any_server, "/devices", {"name": name})

    token = made.json["token"]
    shown = any_server.ask("GET", f"/devices/{name}")
    assert (made.status, made.json) == (201, {**shown.json, "token": token})
    assert made.headers["Location"] == shown.json["links"]["self"]
    assert made.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(rf"{name}\.[0-9A-Za-z_-]{{43}}", token)
    assert Door(any_server, name, token, lambda: datetime.now(UTC)).beats().status == 204


def test_a_name_that_is_taken_or_none_is_refused(any_server: Server, door: Door) -> None:
    assert post_json(any_server, "/devices", {"name": door.name}).error == "name_taken"
    for name in ("", "Front", "-door", "front door", "../door", "d" * 64, "<b>", "caf\xe9", "door\n"):
        answer = post_json(any_server, "/devices", {"name": name})
        assert (answer.status, answer.error) == (422, "bad_name")
    bodies: list[Any] = [{}, {"name": 7}, {"name": "back-door", "token": "mine"}, []]
    for body in bodies:
        answer = post_json(any_server, "/devices", body)
        assert (answer.status, answer.error) == (422, "json_shape")


def test_a_door_is_revoked_and_made_anew(any_server: Server, door: Door) -> None:
    gone = any_server.ask("DELETE", f"/devices/{door.name}")
    again = any_server.ask("DELETE", f"/devices/{door.name}")
    made = post_json(any_server, "/devices", {"name": door.name})

    assert (gone.status, gone.body, again.status, made.status) == (204, b"", 404, 201)
    assert door.beats().error == "bad_token"


def test_only_what_changed_is_sent_again(any_server: Server, door: Door) -> None:
    etag = any_server.ask("GET", f"/devices/{door.name}").headers["ETag"]
    same = any_server.ask("GET", f"/devices/{door.name}", headers={"If-None-Match": etag})
    door.beats()
    other = any_server.ask("GET", f"/devices/{door.name}", headers={"If-None-Match": etag})

    assert (same.status, same.body, other.status) == (304, b"", 200)


def test_a_door_that_changed_meanwhile_is_not_revoked(any_server: Server, door: Door) -> None:
    before = any_server.ask("GET", f"/devices/{door.name}").headers["ETag"]
    door.beats()

    refused = any_server.ask("DELETE", f"/devices/{door.name}", headers={"If-Match": before})
    now = any_server.ask("GET", f"/devices/{door.name}").headers["ETag"]
    gone = any_server.ask("DELETE", f"/devices/{door.name}", headers={"If-Match": now})

    assert (refused.status, refused.error, gone.status) == (412, "precondition_failed", 204)


def test_doors_are_shown_as_json_and_as_a_page(any_server: Server, door: Door) -> None:
    for path in ("/devices", f"/devices/{door.name}"):
        shown = [
            any_server.ask("GET", path, headers={"Accept": "text/html"}),
            any_server.ask("GET", f"{path}?format=html"),
            any_server.ask("GET", path),
            any_server.ask("HEAD", path),
        ]
        assert [answer.headers["Content-Type"].partition(";")[0] for answer in shown] == [
            "text/html",
            "text/html",
            "application/json",
            "application/json",
        ]
        assert [answer.headers["Vary"] for answer in shown] == ["Accept"] * 4
        assert shown[3].body == b""
        refused = any_server.ask("GET", path, headers={"Accept": "image/png"})
        assert (refused.status, refused.error) == (406, "not_acceptable")


def test_times_are_utc(any_server: Server, door: Door) -> None:
    door.beats()

    heard_at = datetime.fromisoformat(any_server.ask("GET", f"/devices/{door.name}").json["heard_at"])
    assert heard_at.tzinfo == UTC
