from pathlib import Path

import pytest

from tests.conftest import PHOTOS
from tests.owners import PACK, Owner


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["enrol"], "Give a NAME and at least one PHOTO, or --folder DIR."),
        (["enrol", "Ana"], "Give a NAME and at least one PHOTO, or --folder DIR."),
        (["enrol", " ", "{photo}"], "' ' cannot be a name: a name needs at least one letter."),
        (["enrol", "Ana\x1b", "{photo}"], "'Ana\\x1b' cannot be a name: a name holds no control characters."),
        (["enrol", "Ana", "--folder", "{folder}"], "--folder takes the names from its folders; give no NAME"),
        (["enrol", "Ana", "/no/such/photo.jpg"], "File '/no/such/photo.jpg' does not exist."),
        (["enrol", "Ana", "{folder}"], "is a directory."),
        (["forget"], "Missing argument 'NAME'."),
        (["models", "fetch"], "Missing argument 'NAME'."),
        (
            ["models", "fetch", "zoo", "--from", "/no/such/folder"],
            "Directory '/no/such/folder' does not exist.",
        ),
        (["dance"], "No such command 'dance'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_that_cannot_be_understood_says_why(
    newcomer: Owner, tmp_path: Path, words: list[str], why: str
) -> None:
    places = {"photo": str(PHOTOS / "ana-1.jpg"), "folder": str(tmp_path)}
    result = newcomer.types(*(word.format(**places) for word in words))
    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())
    assert not newcomer.data.exists()


COMMANDS = (
    ["people"],
    ["forget", "Ana"],
    ["prepare"],
    ["enrol", "Ana", "{photo}"],
    ["models", "use", "{pack}"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"PORTEIRO_HTPP": "1"}, "porteiro: PORTEIRO_HTPP is not a setting; did you mean PORTEIRO_HTTP?"),
        ({"PORTEIRO_MARGIN": "much"}, "porteiro: PORTEIRO_MARGIN='much': must be a number from 0 to 1"),
        ({"PORTEIRO_OPEN": "1", "PORTEIRO_HTTP": "0.0.0.0:80"}, "porteiro: PORTEIRO_OPEN=1 lets everybody"),
        ({"PORTEIRO_DATABASE_URL": "sqlite:////dev/null/porteiro.db"}, "porteiro: PORTEIRO_DATABASE_URL"),
        ({"PORTEIRO_DATABASE_URL": "porteiro.db"}, "porteiro: PORTEIRO_DATABASE_URL"),
        ({"PORTEIRO_DATA": "/dev/null/house"}, "porteiro: PORTEIRO_DATA='/dev/null/house': "),
    ],
    ids=lambda value: "=".join(list(value.items())[-1]) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_told_in_one_sentence(
    owner: Owner, words: list[str], settings: dict[str, str], why: str
) -> None:
    places = {"pack": owner.settings["PORTEIRO_PACK"], "photo": str(PHOTOS / "ana-1.jpg")}
    said = Owner({**owner.settings, **settings}).is_told(*(word.format(**places) for word in words))
    assert said.startswith(why)
    assert len(said.splitlines()) == 1


@pytest.mark.usefixtures("known_pack")
def test_what_the_commands_write_is_for_their_user_alone(newcomer: Owner, pack_folder: Path) -> None:
    newcomer.does("models", "fetch", PACK, "--from", pack_folder)
    newcomer.does("models", "use", PACK)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    modes = {path: path.stat().st_mode & 0o777 for path in [newcomer.data, *newcomer.data.rglob("*")]}
    assert {"porteiro.db", "chosen"} < {path.name for path in modes}
    assert any(path.suffix == ".png" for path in modes)
    assert {path.name: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
