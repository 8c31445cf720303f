"""Doors with a token: how they are, in this process and through nginx and uWSGI."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.doors import VITALS, Door, add_door
from tests.servers import Server, post_json
from wsgi_app.stores.devices import DeviceStore


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


@pytest.mark.parametrize(
    ("key", "value"),
    [
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


def test_a_heartbeat_needs_the_devices_own_token(
    any_server: Server, door: Door, devices: DeviceStore
) -> None:
    other = add_door(any_server, devices)
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
    assert any_server.ask("GET", f"/devices/{door.name}").json["state"] == "never"


def test_a_revoked_device_is_heard_and_shown_no_more(
    any_server: Server, door: Door, devices: DeviceStore
) -> None:
    door.beats()
    devices.revoke(door.name)

    heard = door.beats()

    assert (heard.status, heard.error) == (403, "revoked")
    assert any_server.ask("GET", f"/devices/{door.name}").status == 404


def test_devices_are_listed_a_page_at_a_time_by_name(
    any_server: Server, door: Door, devices: DeviceStore
) -> None:
    names = [add_door(any_server, devices, f"{door.name}-{letter}").name for letter in "cab"]
    listed = []
    path: str | None = "/devices?limit=2"
    while path:
        page = any_server.ask("GET", path)
        assert len(page.json["devices"]) <= 2
        listed += page.json["devices"]
        link = page.headers.get("Link")
        path = link[1 : link.index(">")].split(any_server.prefix, 1)[1] if link else None

    ids = [device["id"] for device in listed]
    assert ids == sorted(ids)
    assert [name for name in ids if name.startswith(door.name)] == [door.name, *sorted(names)]
    assert any_server.ask("GET", f"/devices/{door.name}").json in listed


def test_nothing_that_is_shown_tells_the_hash(any_server: Server, door: Door, devices: DeviceStore) -> None:
    door.beats()
    shown = b"".join(
        any_server.ask("GET", path).body for path in ("/devices", f"/devices/{door.name}", "/", "/metrics")
    )

    assert door.name.encode() in shown
    assert b"hash" not in shown
    assert door.token.partition(".")[2].encode() not in shown


def test_a_device_that_is_not_there_is_404(any_server: Server) -> None:
    assert any_server.ask("GET", "/devices/nobody").status == 404


def test_times_are_utc(any_server: Server, door: Door) -> None:
    door.beats()

    heard_at = datetime.fromisoformat(any_server.ask("GET", f"/devices/{door.name}").json["heard_at"])
    assert heard_at.tzinfo == UTC
