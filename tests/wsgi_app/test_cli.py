import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.conftest import PHOTOS
from tests.houses import without_settings
from tests.owners import Owner, listed, without_progress
from wsgi_app import __version__
from wsgi_app.cli import main

PROGRAM = Path(sys.executable).with_name("porteiro")


def every_command(command: click.Command = main, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of every command there is, groups included."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from every_command(below, *words, name)


def test_these_are_all_the_commands() -> None:
    assert sorted(" ".join(words) for words in every_command()) == [
        "",
        "account",
        "account invite",
        "account list",
        "account password",
        "account remove",
        "backup",
        "calibrate",
        "check",
        "enrol",
        "forget",
        "models",
        "models fetch",
        "models list",
        "models use",
        "people",
        "prepare",
        "purge",
        "restore",
        "roll-back",
        "send",
        "token",
        "token add",
        "token list",
        "token revoke",
        "tombstones",
    ]


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_every_command_explains_itself_whatever_the_settings(words: tuple[str, ...], option: str) -> None:
    said = Owner({"PORTEIRO_HTPP": "wrong"}).does(*words, option)
    usage, _, explanation = said.partition("\n\n")
    assert usage.startswith("Usage: ")
    assert re.match(r"  [A-Z][^.]+[.:]", explanation)


def test_the_version_is_said() -> None:
    assert Owner({}).does("--version") == f"porteiro, version {__version__}\n"


# The installed program


def ran(settings: dict[str, str], *words: str | Path) -> tuple[int, str, str]:
    """Run the program itself: its exit status, what it says, and what it says on standard error."""
    done = subprocess.run(
        [PROGRAM, *words],
        env={**without_settings(os.environ), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, without_progress(done.stderr)


def test_the_program_enrols_lists_and_forgets(tmp_path: Path) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path)}
    enrolled = ran(settings, "enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "nobody-1.jpg")
    assert enrolled == (
        1,
        "Ana: 1 photo enrolled\n",
        f"refused {PHOTOS}/nobody-1.jpg: No face can be made out in this photo; use one that "
        "shows it whole and upright, in even light.\n"
        "porteiro: 1 of 2 photos were refused.",
    )
    status, said, errors = ran(settings, "people")
    assert (status, listed(said)[1][:2], errors) == (0, ["Ana", "1"], "")
    assert ran(settings, "forget", "Ana")[::2] == (0, "")
    assert ran(settings, "people") == (0, "Nobody is enrolled yet: porteiro enrol NAME PHOTO...\n", "")


def test_a_command_that_looks_at_no_photo_loads_no_networks() -> None:
    loaded = "import sys; from wsgi_app.cli import main; main(['send', '--help'], standalone_mode=False)"
    heavy = "print({'numpy', 'onnxruntime', 'cv2', 'PIL', 'sqlalchemy'} & sys.modules.keys())"
    said = subprocess.run(
        [sys.executable, "-c", f"{loaded}; {heavy}"], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines()[-1] == "set()"


def test_the_program_stops_at_an_unknown_setting_with_one_sentence(tmp_path: Path) -> None:
    assert ran({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_PAK": "zoo"}, "people") == (
        1,
        "",
        "porteiro: PORTEIRO_PAK is not a setting; did you mean PORTEIRO_PACK?",
    )
    assert not (tmp_path / "data").exists()
