import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pi_client.config import load_config
from pi_client.config_edit import with_url
from pi_client.errors import DoorConfigError
from pi_client.provisioning import CommandResult, run_command, set_up

REPOSITORY = Path(__file__).parents[2]
URL = "https://porteiro.example/porteiro"
TOKEN = "front.c2VjcmV0LXNlY3JldC1zZWNyZXQ"
CONFIG_FILE, TOKEN_FILE = "etc/porteiro-door/porteiro-door.toml", "etc/porteiro-door/token"
IS_ACTIVE = ("systemctl", "is-active", "--quiet", "porteiro-door")


class Systemctl:
    """Notes what it is asked to do; gives the statuses of commands that do not succeed."""

    def __init__(self, *, running: bool = False, **failing: str) -> None:
        self.commands: list[tuple[str, ...]] = []
        self._running, self._failing = running, failing

    def __call__(self, command: Sequence[str]) -> CommandResult:
        self.commands.append(tuple(command))
        if command[1] == "is-active":
            return CommandResult(0 if self._running else 3, "")
        output = self._failing.get(command[1])
        return CommandResult(0, "") if output is None else CommandResult(1, output)


class House:
    """A file system that is set up, with a token that somebody brought."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        (self.root / "run/systemd/system").mkdir(parents=True)
        self.brought = folder / "brought-token"
        self.brought.write_text(f"\n{TOKEN}\n")

    def set_up(self, systemctl: Systemctl, url: str = URL, user: int = 0) -> tuple[str, ...]:
        return set_up(url, self.brought, root=self.root, run=systemctl, user=lambda: user)

    def configured(self, text: str) -> Path:
        """Put a configuration there."""
        file = self.root / CONFIG_FILE
        file.parent.mkdir(parents=True)
        file.write_bytes(text.encode())
        return file

    def files(self) -> dict[str, str]:
        """Everything that is there."""
        return {
            str(file.relative_to(self.root)): file.read_bytes().decode()
            for file in self.root.rglob("*")
            if file.is_file()
        }


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_new_device_gets_its_configuration_its_token_and_its_service(house: House) -> None:
    systemctl = Systemctl()
    said = house.set_up(systemctl)

    assert house.files() == {
        CONFIG_FILE: f'[server]\nurl = "{URL}"\ntoken_file = "/etc/porteiro-door/token"\n',
        TOKEN_FILE: f"{TOKEN}\n",
    }
    modes = [stat.S_IMODE((house.root / name).stat().st_mode) for name in (CONFIG_FILE, TOKEN_FILE)]
    assert modes == [0o644, 0o600]
    assert systemctl.commands == [IS_ACTIVE, ("systemctl", "enable", "--now", "porteiro-door")]
    assert said == (
        f"{house.root / CONFIG_FILE}: server.url is {URL}",
        f"{house.root / TOKEN_FILE}: the token; only root can read it",
        f"{house.brought} is needed no more: delete it",
        "done: systemctl enable --now porteiro-door",
    )


def test_a_service_that_runs_is_started_anew(house: House) -> None:
    systemctl = Systemctl(running=True)
    house.set_up(systemctl)

    assert systemctl.commands == [
        IS_ACTIVE,
        ("systemctl", "enable", "porteiro-door"),
        ("systemctl", "restart", "porteiro-door"),
    ]


def test_the_shipped_configuration_changes_in_one_line(house: House) -> None:
    shipped = (REPOSITORY / "deploy/porteiro-door.toml").read_text()
    file = house.configured(shipped)
    house.set_up(Systemctl())

    assert shipped.count('url = ""\n') == 1
    assert file.read_text() == shipped.replace('url = ""\n', f'url = "{URL}"\n')
    server = load_config(file, {}).server
    assert (server.url, server.token_file) == (URL, "/etc/porteiro-door/token")


def test_set_up_twice_is_as_set_up_once_with_the_new_address_and_the_new_token(house: House) -> None:
    house.set_up(Systemctl())
    house.brought.write_text("front.bmV3LW5ldy1uZXctbmV3")
    house.set_up(Systemctl(running=True), url="https://other.example/")

    assert house.files() == {
        CONFIG_FILE: '[server]\nurl = "https://other.example"\ntoken_file = "/etc/porteiro-door/token"\n',
        TOKEN_FILE: "front.bmV3LW5ldy1uZXctbmV3\n",
    }


def test_the_token_may_lie_in_its_place_already_and_is_not_said_to_be_needed_no_more(house: House) -> None:
    house.configured("")
    token_file = house.root / TOKEN_FILE
    token_file.write_text(TOKEN)
    said = set_up(URL, token_file, root=house.root, run=Systemctl(), user=lambda: 0)

    assert token_file.read_text() == f"{TOKEN}\n"
    assert not [line for line in said if "delete" in line]


@pytest.mark.parametrize("host", ["192.168.1.5:8080", "porteiro.local", "[2001:db8::1]"])
def test_a_server_without_encryption_is_warned_of(house: House, host: str) -> None:
    said = house.set_up(Systemctl(), url=f"http://{host}/porteiro")
    assert [line for line in said if line.startswith("warning: http is not encrypted")]


@pytest.mark.parametrize(
    "url", [URL, "http://127.0.0.1:8765/porteiro", "http://localhost", "http://[::1]:80"]
)
def test_one_that_nobody_can_listen_to_is_not(house: House, url: str) -> None:
    assert not [line for line in house.set_up(Systemctl(), url=url) if "warning" in line]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "porteiro.example",
        "ftp://porteiro.example",
        "https://",
        "https://porteiro.example:99999/",
        "https://porteiro.example/?token=1",
        "https://porteiro.example/#door",
        "https://user:word@porteiro.example/",
        "https://porteiro.example/a b",
        'https://porteiro.example/\n[relay]\npin=17\na="',
        "https://türe.example/",
        "https://[::1/",
    ],
)
def test_an_odd_address_is_refused_before_anything_is_touched(house: House, url: str) -> None:
    systemctl = Systemctl()
    with pytest.raises(DoorConfigError, match=r"^--server .*, not "):
        house.set_up(systemctl, url=url)
    assert (systemctl.commands, house.files()) == ([], {})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"front",
        b"front.",
        b".secret",
        b"two words.secret",
        b"front.a\nfront.b",
        b"\xff.a",
        b"a." + b"b" * 999,
    ],
)
def test_what_is_no_token_is_refused_before_anything_is_touched(house: House, content: bytes) -> None:
    house.brought.write_bytes(content)
    systemctl = Systemctl()
    with pytest.raises(DoorConfigError):
        house.set_up(systemctl)
    assert (systemctl.commands, house.files()) == ([], {})


def test_a_token_that_is_not_there_is_refused(house: House) -> None:
    house.brought.unlink()
    with pytest.raises(DoorConfigError, match="brought-token cannot be read"):
        house.set_up(Systemctl())
    house.brought.mkdir()
    with pytest.raises(DoorConfigError, match="brought-token cannot be read"):
        house.set_up(Systemctl())


def test_only_root_can_set_up(house: House) -> None:
    systemctl = Systemctl()
    with pytest.raises(
        DoorConfigError, match=r"^setup writes below /etc and starts a service: run it with sudo\.$"
    ):
        house.set_up(systemctl, user=1000)
    assert (systemctl.commands, house.files()) == ([], {})


def test_without_systemd_nothing_is_touched(house: House) -> None:
    def nowhere(command: Sequence[str]) -> CommandResult:
        raise FileNotFoundError(command[0])

    with pytest.raises(DoorConfigError, match=r"^systemd does not run here: setup is for Raspberry Pi OS"):
        set_up(URL, house.brought, root=house.root, run=nowhere, user=lambda: 0)
    (house.root / "run/systemd/system").rmdir()
    with pytest.raises(DoorConfigError, match=r"^systemd does not run here: setup is for Raspberry Pi OS"):
        house.set_up(Systemctl())
    assert house.files() == {}


@pytest.mark.parametrize(
    ("running", "verb", "command"), [(False, "enable", "enable --now"), (True, "restart", "restart")]
)
def test_a_service_that_does_not_start_is_told_with_what_systemctl_said(
    house: House, *, running: bool, verb: str, command: str
) -> None:
    systemctl = Systemctl(running=running, **{verb: "Unit porteiro-door.service not found."})
    with pytest.raises(DoorConfigError) as raised:
        house.set_up(systemctl)
    assert str(raised.value) == (
        f"systemctl {command} porteiro-door failed: Unit porteiro-door.service not found. The configuration "
        "is written; the log says more: journalctl -u porteiro-door -n 50"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[gpio\n", "The configuration is no TOML file"),
        ("[gpio]\nbuton = 1\n", "gpio.buton is no setting; did you mean gpio.button"),
        ("[relay]\npin = 8\n", "relay.pin must be 9 to 27, not 8"),
        ("server = 3\n", "Write this into the configuration yourself"),
        ("server = {retries = 1}\n", "Write this into the configuration yourself"),
        ("server.retries = 1\n", "Write this into the configuration yourself"),
        ("#" * 100_001, "too large"),
    ],
)
def test_a_configuration_that_could_not_be_used_stays_as_it_is_and_so_does_the_token(
    house: House, text: str, message: str
) -> None:
    house.configured(text)
    (house.root / TOKEN_FILE).write_text("front.old-old-old")
    before = house.files()
    systemctl = Systemctl()
    with pytest.raises(DoorConfigError, match=message):
        house.set_up(systemctl)
    assert house.files() == before
    assert systemctl.commands == [IS_ACTIVE]


def test_a_relay_may_be_set_with_the_token_that_the_service_gets(house: House) -> None:
    file = house.configured("[relay]\npin = 17\n")
    house.set_up(Systemctl())
    assert file.read_text() == f'[relay]\npin = 17\n\n[server]\nurl = "{URL}"\n'


def test_a_disk_that_does_not_take_it_leaves_everything_as_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.configured("[gpio]\nbutton = 17\n")
    (house.root / TOKEN_FILE).write_text("front.old-old-old")
    before = house.files()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DoorConfigError, match="No space left on device"):
        house.set_up(Systemctl())
    assert house.files() == before


def test_no_message_holds_the_token(house: House) -> None:
    said = house.set_up(Systemctl())
    with pytest.raises(DoorConfigError) as raised:
        house.set_up(Systemctl(enable="no"))
    house.brought.write_text(f"{TOKEN} and more")
    with pytest.raises(DoorConfigError) as refused:
        house.set_up(Systemctl())
    assert TOKEN not in "\n".join(said) + str(raised.value) + str(refused.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[server]\nurl = "NEW"\n'),
        ("[gpio]\nbutton = 17", '[gpio]\nbutton = 17\n\n[server]\nurl = "NEW"\n'),
        ("[server]", '[server]\nurl = "NEW"\n'),
        ('[server]\nurl = "old"', '[server]\nurl = "NEW"'),
        ("[server]\r\nurl = 'old'\r\n", '[server]\r\nurl = "NEW"\r\n'),
        (
            '# mine\n[ server ]  # here\n  url="old#1"  # the old one\nretries = 1\n[gpio]\nred = 5 # lamp\n',
            '# mine\n[ server ]  # here\n  url="NEW"  # the old one\nretries = 1\n[gpio]\nred = 5 # lamp\n',
        ),
        ('[server]\n#url = "old"\n', '[server]\nurl = "NEW"\n#url = "old"\n'),
        ("[server]\nretries = 1\n[gpio]\n", '[server]\nurl = "NEW"\nretries = 1\n[gpio]\n'),
    ],
)
def test_only_the_address_changes_in_a_file(before: str, after: str) -> None:
    assert with_url(before, "NEW") == after


@pytest.mark.parametrize(
    "text",
    [
        '["server"]\nurl = "old"\n',
        'server.url = "old"\n',
        '[server]\n"url" = "old"\n',
        '[server]\nurl = "a\\"b"\n',
        '[log]\nlevel = """\n[server]\n"""\n',
    ],
)
def test_a_file_that_is_written_in_another_way_is_left_to_its_writer(text: str) -> None:
    with pytest.raises(DoorConfigError, match=r'^Write this into .*, below \[server\]: url = "NEW"$'):
        with_url(text, "NEW")


def test_an_address_cannot_break_out_of_its_quotes() -> None:
    assert with_url("", 'a"b\\c') == '[server]\nurl = "a\\"b\\\\c"\n'


def test_commands_are_run_to_their_end() -> None:
    ends_badly = "print('out', flush=True); raise SystemExit('odd')"
    assert run_command((sys.executable, "-c", ends_badly)) == CommandResult(1, "out\nodd")
    assert run_command((sys.executable, "-c", "input()")).status == 1
    with pytest.raises(FileNotFoundError):
        run_command(("/nowhere/systemctl",))


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pi_client.provisioning.COMMAND_S", 0.01)
    ran = run_command((sys.executable, "-c", "import threading; threading.Event().wait()"))
    assert ran == CommandResult(1, "it did not end within 0.01 seconds")
