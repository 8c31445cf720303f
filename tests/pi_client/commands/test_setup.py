from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from pi_client.cli import main
from pi_client.commands import setup
from pi_client.provisioning import TOKEN_VARIABLE, set_up
from tests.pi_client.commands.material import TOKEN, Well
from tests.pi_client.hostile_server import HostileServer

# A systemd that starts the service when told to, unless its file ``broken`` is there.
SYSTEMCTL = """#!/bin/sh
folder=${0%/*}
echo "$@" >> "$folder/asked"
case $1 in
    is-active) exit 3 ;;
    enable) [ ! -e "$folder/broken" ] || { echo "Unit is masked."; exit 1; } ;;
    show) echo ActiveState=active; echo StatusText=ready ;;
esac
"""


@dataclass
class Pi:
    """A Raspberry Pi's file system, and what its systemd was asked."""

    root: Path
    programs: Path
    brought: Path

    @property
    def config_file(self) -> Path:
        return self.root / "etc/porteiro-door/porteiro-door.toml"

    @property
    def token_file(self) -> Path:
        return self.config_file.with_name("token")

    def asked(self) -> list[str]:
        return (self.programs / "asked").read_text().splitlines()

    def set_up(self, url: str) -> int:
        """Run the command; gives its exit status."""
        return main(["setup", "--server", url, "--token-file", str(self.brought)])


@pytest.fixture
def pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pi:
    """One that nobody has set up yet; whoever does is its root."""
    pi = Pi(tmp_path / "root", tmp_path / "programs", tmp_path / "front-door.token")
    (pi.root / "run/systemd/system").mkdir(parents=True)
    pi.programs.mkdir()
    (pi.programs / "systemctl").write_text(SYSTEMCTL)
    (pi.programs / "systemctl").chmod(0o755)
    pi.brought.write_text(TOKEN)
    monkeypatch.setenv("PATH", str(pi.programs))
    monkeypatch.setenv(TOKEN_VARIABLE, str(pi.token_file))  # the settings name it from the root of a Pi
    monkeypatch.setattr(setup, "set_up", partial(set_up, root=pi.root, user=lambda: 0))
    monkeypatch.setattr(setup, "DEFAULT_FILE", pi.config_file)
    return pi


@pytest.fixture
def well() -> Iterator[HostileServer]:
    """A server that knows the token."""
    with HostileServer((Well(),)) as server:
        yield server


def test_one_command_writes_the_settings_starts_the_service_and_checks_everything(
    pi: Pi, well: HostileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pi.set_up(well.url) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{pi.config_file}: server.url is {well.url}",
        f"{pi.token_file}: the token; only root can read it",
        f"{pi.brought} is needed no more: delete it",
        "done: systemctl enable --now porteiro-door",
        f"ok    settings  the server is {well.url}",
        "ok    service   porteiro-door runs, and has pins and camera: ready",
        "ok    server    it is there and well",
        "ok    token     the server accepts it",
        "All is well.",
    ]
    assert pi.asked() == [
        "is-active --quiet porteiro-door",
        "enable --now porteiro-door",
        "show porteiro-door --property=ActiveState,StatusText",
    ]


def test_a_token_that_the_server_does_not_accept_is_told_at_once(
    pi: Pi, capsys: pytest.CaptureFixture[str]
) -> None:
    with HostileServer((Well("front-door.another"),)) as server:
        status = pi.set_up(server.url)

    told = capsys.readouterr().out
    assert (status, "\nFAIL  token     The server does not take this device's report" in told) == (1, True)
    assert TOKEN not in told


def test_where_the_service_cannot_start_nothing_is_checked(
    pi: Pi, well: HostileServer, capsys: pytest.CaptureFixture[str]
) -> None:
    (pi.programs / "broken").touch()

    assert pi.set_up(well.url) == 78

    told = capsys.readouterr()
    assert (told.out, well.requests) == ("", [])
    assert told.err.startswith("porteiro-door: systemctl enable --now porteiro-door failed: Unit is masked. ")


def test_whoever_is_not_root_is_told_so_and_nothing_happens(
    pi: Pi, well: HostileServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "set_up", partial(set_up, root=pi.root, user=lambda: 1000))

    assert pi.set_up(well.url) == 78

    assert "run it with sudo" in capsys.readouterr().err
    assert (pi.config_file.exists(), (pi.programs / "asked").exists(), well.requests) == (False, False, [])
