import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pi_client import __version__

REPOSITORY = Path(__file__).parents[2]
PACKAGE = f"porteiro-door_{__version__}_all.deb"
NOON = "1767225600"
CODE = "usr/lib/python3/dist-packages/pi_client"
CONFIG_FILE = "etc/porteiro-door/porteiro-door.toml"
UNIT = "lib/systemd/system/porteiro-door.service"

# (path, mode) of everything beside the code.
OTHERS = {
    (CONFIG_FILE, 0o644),
    (UNIT, 0o644),
    ("usr/bin/porteiro-door", 0o755),
    ("usr/share/doc/porteiro-door/copyright", 0o644),
    ("usr/share/doc/porteiro-door/door-wiring.svg", 0o644),
    ("usr/share/doc/porteiro-door/door.md", 0o644),
}

# What the package's scripts may call is not what this machine has: each notes how it was called.
PRETENDED = ("adduser", "deluser", "py3clean", "py3compile", "systemctl")

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")


def run(*command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """What a command writes; it must succeed."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **(environ or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path) -> Path:
    """The package, built in a folder."""
    run(REPOSITORY / "deploy/deb/build", folder, environ={"SOURCE_DATE_EPOCH": NOON})
    return folder / PACKAGE


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    run("dpkg-deb", "-R", package, folder)
    return folder


def files_in(folder: Path) -> set[tuple[str, int]]:
    """Path and mode of every file."""
    return {
        (str(file.relative_to(folder)), file.stat().st_mode & 0o7777)
        for file in folder.rglob("*")
        if file.is_file() and "DEBIAN" not in file.parts
    }


def test_the_package_holds_the_whole_program_and_nothing_else(unpacked: Path) -> None:
    source = {
        (f"{CODE}/{file.relative_to(REPOSITORY / 'pi_client')}", 0o644)
        for file in (REPOSITORY / "pi_client").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {(f"{CODE}/fakes/__init__.py", 0o644), (f"{CODE}/commands/setup.py", 0o644)} < source
    assert files_in(unpacked) == source | OTHERS
    assert {folder.stat().st_mode & 0o7777 for folder in unpacked.rglob("*") if folder.is_dir()} == {0o755}


def test_everything_in_it_belongs_to_root_and_is_of_the_day_of_the_source(package: Path) -> None:
    lines = run("dpkg-deb", "-c", package, environ={"TZ": "UTC"}).splitlines()
    assert len(lines) > len(OTHERS)
    assert {tuple(line.split()[1:2] + line.split()[3:5]) for line in lines} == {
        ("root/root", "2026-01-01", "00:00")
    }


def test_the_same_source_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == package.read_bytes()


def test_the_control_file_names_what_the_device_needs(unpacked: Path) -> None:
    control = (unpacked / "DEBIAN/control").read_text()
    fields = dict(line.split(": ", 1) for line in control.splitlines() if not line.startswith(" "))
    size = int(fields.pop("Installed-Size"))
    assert fields == {
        "Package": "porteiro-door",
        "Version": __version__,
        "Architecture": "all",
        "Maintainer": "The Porteiro authors <porteiro@localhost>",
        "Depends": "python3 (>= 3.11), python3-requests, python3-urllib3, python3-picamera2, "
        "python3-rpi-lgpio | python3-rpi.gpio, adduser",
        "Recommends": "gpiod, python3-pil",
        "Section": "misc",
        "Priority": "optional",
        "Description": "door device for Porteiro, the self-hosted doorman",
    }
    assert size == sum(-(-(unpacked / name).stat().st_size // 1024) for name, _ in files_in(unpacked))
    assert (unpacked / "DEBIAN/conffiles").read_text() == f"/{CONFIG_FILE}\n"


def test_the_sums_are_those_of_the_files(unpacked: Path) -> None:
    sums = unpacked / "DEBIAN/md5sums"
    assert len(sums.read_text().splitlines()) == len(files_in(unpacked))
    subprocess.run(["md5sum", "--quiet", "-c", sums], cwd=unpacked, check=True, timeout=60)


def test_the_installed_program_starts_from_the_package_alone(unpacked: Path, tmp_path: Path) -> None:
    environ = {"PYTHONPATH": str((unpacked / CODE).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    program = unpacked / "usr/bin/porteiro-door"
    done = subprocess.run(
        [sys.executable, program, "--help"],
        cwd=tmp_path, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: porteiro-door")
    where = run(sys.executable, "-P", "-c", "import pi_client; print(pi_client.__file__)", environ=environ)
    assert where == f"{unpacked / CODE / '__init__.py'}\n"
    assert program.read_text().startswith("#!/usr/bin/python3\n")


def test_the_scripts_are_for_any_posix_shell(unpacked: Path) -> None:
    for name in ("postinst", "prerm", "postrm"):
        assert (unpacked / "DEBIAN" / name).stat().st_mode & 0o777 == 0o755
        run("sh", "-n", unpacked / "DEBIAN" / name)


@dataclass
class ScratchRoot:
    """A file system of its own for dpkg, with pretended programs for the package's scripts."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "run/systemd/system", "programs"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "var/lib/dpkg/status").touch()
        for name in PRETENDED:
            program = self.folder / "programs" / name
            program.write_text(
                f'#!/bin/sh\necho "{name} $*" >>"{self.folder}/called"\n'
                f'[ "$*" != "--quiet is-enabled porteiro-door" ] || [ -e "{self.folder}/enabled" ]\n'
            )
            program.chmod(0o755)

    def dpkg(self, *arguments: str | Path) -> str:
        """Run dpkg on this file system alone; gives what it and the scripts say."""
        return run(
            "dpkg", f"--root={self.folder}", f"--log={self.folder}/dpkg.log", "--force-depends",
            "--force-not-root", "--force-script-chrootless", "--force-bad-path", *arguments,
            environ={"PATH": f"{self.folder}/programs:{os.environ['PATH']}"},
        )  # fmt: skip

    def called(self) -> list[str]:
        """How programs were called since this was asked last."""
        noted = self.folder / "called"
        lines = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return lines

    def set_up(self) -> None:
        """As ``porteiro-door setup`` leaves it."""
        file = self.folder / CONFIG_FILE
        file.write_text(file.read_text().replace('url = ""', 'url = "https://porteiro.example"'))
        (self.folder / "etc/porteiro-door/token").write_text("front.secret\n")
        (self.folder / "enabled").touch()


ADDUSER = (
    "adduser --quiet --system --group --no-create-home --home /nonexistent --gecos Porteiro door device door"
)


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchRoot:
    return ScratchRoot(tmp_path / "root")


def test_a_new_package_makes_its_user_and_starts_nothing(scratch: ScratchRoot, package: Path) -> None:
    said = scratch.dpkg("-i", package)
    assert scratch.called() == [ADDUSER, "py3compile -p porteiro-door", "systemctl daemon-reload"]
    assert "Set the door up with: sudo porteiro-door setup --server URL --token-file FILE\n" in said
    assert (scratch.folder / UNIT).read_bytes() == (REPOSITORY / "deploy/porteiro-door.service").read_bytes()


def test_an_upgrade_starts_the_door_anew_and_keeps_its_settings(scratch: ScratchRoot, package: Path) -> None:
    scratch.dpkg("-i", package)
    scratch.set_up()
    settings = (scratch.folder / CONFIG_FILE).read_text()
    scratch.called()
    scratch.dpkg("-i", package)
    assert scratch.called() == [
        "py3clean -p porteiro-door",
        ADDUSER,
        "py3compile -p porteiro-door",
        "systemctl daemon-reload",
        "systemctl --quiet is-enabled porteiro-door",
        "systemctl restart porteiro-door",
    ]
    assert (scratch.folder / CONFIG_FILE).read_text() == settings


def test_a_door_that_somebody_disabled_is_not_started_by_an_upgrade(
    scratch: ScratchRoot, package: Path
) -> None:
    scratch.dpkg("-i", package)
    scratch.set_up()
    (scratch.folder / "enabled").unlink()
    scratch.called()
    scratch.dpkg("-i", package)
    assert scratch.called()[-1] == "systemctl --quiet is-enabled porteiro-door"


def test_removed_it_stops_and_keeps_settings_and_token(scratch: ScratchRoot, package: Path) -> None:
    scratch.dpkg("-i", package)
    scratch.set_up()
    scratch.called()
    scratch.dpkg("--remove", "porteiro-door")
    assert scratch.called() == [
        "systemctl stop porteiro-door",
        "py3clean -p porteiro-door",
        "systemctl daemon-reload",
    ]
    assert not (scratch.folder / CODE).exists()
    assert {name for name, _ in files_in(scratch.folder / "etc")} == {
        "porteiro-door/porteiro-door.toml",
        "porteiro-door/token",
    }


def test_purged_it_leaves_nothing(scratch: ScratchRoot, package: Path) -> None:
    scratch.dpkg("-i", package)
    scratch.set_up()
    wanted = scratch.folder / "etc/systemd/system/multi-user.target.wants/porteiro-door.service"
    wanted.parent.mkdir(parents=True)
    wanted.symlink_to(f"/{UNIT}")
    scratch.called()
    scratch.dpkg("--purge", "porteiro-door")
    assert scratch.called() == [
        "systemctl stop porteiro-door",
        "py3clean -p porteiro-door",
        "systemctl daemon-reload",
        "deluser --quiet --system door",
        "systemctl daemon-reload",
    ]
    assert not (scratch.folder / "etc/porteiro-door").exists()
    assert not wanted.is_symlink()
