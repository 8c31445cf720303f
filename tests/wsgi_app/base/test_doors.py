"""Doors, as a visit has them."""

import pytest

from wsgi_app.base.doors import DoorId, DoorKind


@pytest.mark.parametrize(
    ("text", "door"),
    [
        ("device:front", DoorId(DoorKind.DEVICE, "front")),
        ("address:127.0.0.1", DoorId(DoorKind.ADDRESS, "127.0.0.1")),
        ("address:::1", DoorId(DoorKind.ADDRESS, "::1")),
    ],
)
def test_a_door_is_written_as_its_kind_and_its_name(text: str, door: DoorId) -> None:
    assert (DoorId.of(text), str(door)) == (door, text)


@pytest.mark.parametrize("text", ["old", "", "device:", "address:", "Device:front", "bell:front"])
def test_a_text_without_a_kind_or_a_name_is_an_address(text: str) -> None:
    assert DoorId.of(text) == DoorId(DoorKind.ADDRESS, text)
    assert DoorId.of(f"address:{text}") == (DoorId.of(text) if text else DoorId(DoorKind.ADDRESS, "address:"))
