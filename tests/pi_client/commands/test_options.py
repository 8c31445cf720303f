import argparse
import uuid
from pathlib import Path

import pytest

from pi_client.commands import options as shared
from pi_client.commands.options import (
    boot_id,
    config_of,
    door_config_of,
    server_of,
    simulated_pins_and_camera,
)
from pi_client.config import load_config
from pi_client.errors import DoorConfigError
from pi_client.vitals import read_boot_id
from tests.pi_client.commands.material import settings_file
from tests.pi_client.commands.processes import PHOTOS

URL, OTHER, THIRD = "http://file.example", "http://environment.example", "http://option.example"
VARIABLE = "PORTEIRO_DOOR_SERVER_URL"


def of(file: Path | None) -> argparse.Namespace:
    return argparse.Namespace(config=file)


def test_an_option_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings_file(tmp_path, URL)
    urls = [config_of(of(file)).server.url]
    monkeypatch.setenv(VARIABLE, OTHER)
    urls += [config_of(of(file)).server.url, config_of(of(file), **{VARIABLE: THIRD}).server.url]

    assert urls == [URL, OTHER, THIRD]


def test_without_the_option_the_file_of_the_package_is_read_if_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "DEFAULT_FILE", tmp_path / "door.toml")
    before = config_of(of(None))
    settings_file(tmp_path, URL)

    assert before == load_config(None, {})
    assert config_of(of(None)).server.url == URL


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DoorConfigError, match=r"absent\.toml: No such file"):
        config_of(of(tmp_path / "absent.toml"))


def test_a_door_has_somebody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(DoorConfigError, match=r"^server\.url is not set: .*porteiro-door setup"):
        door_config_of(of(settings_file(tmp_path, "")))


def test_a_simulated_camera_must_be_shown_something(tmp_path: Path) -> None:
    with pytest.raises(DoorConfigError, match=r"--sim needs --photos DIR"):
        simulated_pins_and_camera(None)
    with pytest.raises(DoorConfigError, match="has no photos"):
        simulated_pins_and_camera(tmp_path)
    pins, camera = simulated_pins_and_camera(PHOTOS)
    assert (pins.button_is_down(), "ana-4.jpg" in camera.choices()) == (False, True)


def test_the_boot_is_the_machines_or_where_that_has_none_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    machines = boot_id()
    monkeypatch.setattr(shared, "read_boot_id", lambda: None)
    made = [boot_id(), boot_id()]

    assert machines == (read_boot_id() or machines)
    assert made[0] != made[1]
    assert [str(uuid.UUID(boot)) for boot in made] == made


def test_a_token_that_is_named_must_be_there(tmp_path: Path) -> None:
    config = config_of(of(settings_file(tmp_path, URL)))
    (tmp_path / "token").unlink()

    with pytest.raises(DoorConfigError, match=r"^server\.token_file: .*/token cannot be read"):
        server_of(config, boot_id())
