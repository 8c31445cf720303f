"""What a house says at its start."""

from pathlib import Path

from structlog.testing import capture_logs

from wsgi_app.access.tokens import add_door
from wsgi_app.house.house import House, warn_of_another_secret
from wsgi_app.stores.secret_file import open_secret


def test_doors_whose_secret_was_lost_are_named(house: House, tmp_path: Path) -> None:
    file = tmp_path / "keys" / "doors.key"
    for name in ("front-door", "back-door"):
        add_door(house.stores.devices, name, house.secret.now())

    with capture_logs() as before:
        warn_of_another_secret(house)
    file.unlink()
    open_secret(file)
    with capture_logs() as after:
        warn_of_another_secret(house)

    assert before == []
    assert [(line["log_level"], line["doors"], line["file"]) for line in after] == [
        ("warning", ["back-door", "front-door"], str(file))
    ]
