import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.accounts import CHEAP, PASSWORD
from wsgi_app import __version__, packs
from wsgi_app.cli import main
from wsgi_app.config import load_config
from wsgi_app.errors import NotFound
from wsgi_app.evidence import token_key
from wsgi_app.services import Stores, open_stores
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.devices import Press, keep_press
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit
from wsgi_app.vision import packs as vision_packs
from wsgi_app.vision.packs import pack_in

PHOTOS = Path(__file__).parents[1] / "photos"
PROGRAM = Path(sys.executable).with_name("porteiro")
PACK = "mine"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in list(os.environ):
        if key.startswith("PORTEIRO_"):
            monkeypatch.delenv(key)


@pytest.fixture(autouse=True)
def _umask_as_before() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@dataclass
class Owner:
    """Somebody at the command line of a house of their own."""

    settings: dict[str, str]

    def types(self, *words: str | Path) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], env=self.settings)

    def does(self, *words: str | Path) -> str:
        """Type a command that goes well; gives what it says."""
        result = self.types(*words)
        assert (result.exit_code, result.exception) == (0, None), result.output
        return result.stdout

    def is_told(self, *words: str | Path) -> str:
        """Type a command that fails; gives the reason, and makes sure that it is no traceback."""
        result = self.types(*words)
        assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
        return without_progress(result.stderr)

    @property
    def data(self) -> Path:
        return Path(self.settings["PORTEIRO_DATA"])

    @contextmanager
    def house(self) -> Iterator[Stores]:
        """What is kept, to look at."""
        stores = open_stores(load_config(self.settings))
        try:
            yield stores
        finally:
            stores.database.close()

    def enrolled(self) -> dict[str, int]:
        """Everybody's name and how many faces they have."""
        with self.house() as stores:
            return {person.name: person.faces for person in stores.people.page(100)}


def without_progress(text: str) -> str:
    """What is said on standard error beside the progress bars."""
    return "".join(line for line in text.splitlines(keepends=True) if not re.search("[━╸╺]", line)).strip()


@pytest.fixture
def newcomer(tmp_path: Path) -> Owner:
    """An owner without any model pack."""
    return Owner({"PORTEIRO_DATA": str(tmp_path / "data")})


@pytest.fixture(scope="module")
def pack_folder(pack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of all tests under a name of their own, as somebody may bring them on a stick."""
    return renamed_pack(pack_folder, tmp_path_factory.mktemp("stick") / PACK, PACK)


@pytest.fixture
def known_pack(pack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the catalogue know that pack, beside the others."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for file in vision_packs.CATALOGUE.parent.glob("*.onnx"):
        (folder / file.name).symlink_to(file)
    described = [
        path.read_text(encoding="utf-8") for path in (vision_packs.CATALOGUE, pack_folder / "models.toml")
    ]
    (folder / "models.toml").write_text("\n".join(described), encoding="utf-8")
    monkeypatch.setattr(packs, "CATALOGUE", folder / "models.toml")
    monkeypatch.setattr(vision_packs, "CATALOGUE", folder / "models.toml")


def renamed_pack(source: Path, folder: Path, name: str) -> Path:
    """A copy of a pack's files with a description of its own that calls it otherwise."""
    pack = pack_in(source)
    folder.mkdir(parents=True)
    for network in pack.networks:
        shutil.copyfile(source / network.file, folder / network.file)
    own = source / "models.toml"
    described = (own if own.is_file() else vision_packs.CATALOGUE).read_text(encoding="utf-8")
    sections = re.findall(rf"(?ms)^\[packs\.{pack.name}[.\]].*?(?=^\[|\Z)", described)
    (folder / "models.toml").write_text(
        "".join(sections).replace(f"[packs.{pack.name}", f"[packs.{name}"), encoding="utf-8"
    )
    return folder


@pytest.fixture
def owner(newcomer: Owner, pack_folder: Path) -> Owner:
    """An owner with a model pack in a folder."""
    return Owner({**newcomer.settings, "PORTEIRO_PACK": str(pack_folder)})


@pytest.fixture
def album(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with a folder of photos for each person."""

    def of(**people: list[str]) -> Path:
        folder = tmp_path / "album"
        for name, photos in people.items():
            (folder / name).mkdir(parents=True)
            for photo in photos:
                shutil.copy(PHOTOS / photo, folder / name)
        return folder

    return of


# Help


def every_command(command: click.Command = main, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of every command there is, groups included."""
    yield words
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from every_command(below, *words, name)


def test_these_are_all_the_commands() -> None:
    assert sorted(" ".join(words) for words in every_command()) == [
        "",
        "calibrate",
        "enrol",
        "forget",
        "models",
        "models fetch",
        "models list",
        "models use",
        "people",
        "prepare",
        "purge",
        "token",
        "token add",
        "token list",
        "token revoke",
        "user",
        "user invite",
        "user list",
        "user password",
        "user remove",
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


# Enrolling


def test_somebody_is_enrolled_from_photos(owner: Owner) -> None:
    said = owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    assert said == "Ana: 2 photos enrolled\n"
    assert owner.enrolled() == {"Ana": 2}


def test_somebody_known_gets_more_faces_whatever_the_capitals(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    assert owner.does("enrol", " ANA ", PHOTOS / "ana-2.jpg") == "ANA: 1 photo enrolled\n"
    assert owner.enrolled() == {"Ana": 2}


def test_refused_photos_are_reported_with_the_reason_and_the_others_count(
    owner: Owner, tmp_path: Path
) -> None:
    (tmp_path / "letter.jpg").write_text("Dear Ana")
    result = owner.types(
        "enrol", "Ana", PHOTOS / "nobody-1.jpg", PHOTOS / "ana-1.jpg", tmp_path / "letter.jpg"
    )
    assert (result.exit_code, result.stdout) == (1, "Ana: 1 photo enrolled\n")
    assert without_progress(result.stderr).splitlines() == [
        f"refused {PHOTOS / 'nobody-1.jpg'}: There is no face in this photo.",
        f"refused {tmp_path / 'letter.jpg'}: This is not a JPEG, PNG or WebP picture.",
        "porteiro: 2 of 3 photos were refused.",
    ]
    assert owner.enrolled() == {"Ana": 1}


def test_somebody_new_whose_photos_are_all_refused_is_not_left_behind(owner: Owner) -> None:
    owner.is_told("enrol", "Nobody", PHOTOS / "nobody-1.jpg", PHOTOS / "nobody-2.jpg")
    assert owner.enrolled() == {}
    assert not list((owner.data / "photos").rglob("*.*"))


def test_somebody_known_whose_photo_is_refused_stays(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    owner.is_told("enrol", "Ana", PHOTOS / "nobody-1.jpg")
    assert owner.enrolled() == {"Ana": 1}


def test_a_face_that_is_like_another_is_refused_unless_somebody_insists(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    refused, last = owner.is_told("enrol", "Eve", PHOTOS / "ana-2.jpg").splitlines()
    assert refused.startswith(f"refused {PHOTOS / 'ana-2.jpg'}: This face is as like Ana, who is enrolled")
    assert last == "porteiro: 1 of 1 photos were refused."
    said = owner.does("enrol", "Eve", "--accept-like-another", PHOTOS / "ana-2.jpg")
    assert (said, owner.enrolled()) == ("Eve: 1 photo enrolled\n", {"Ana": 1, "Eve": 1})


def test_a_photo_that_is_too_large_is_refused_unread(owner: Owner, tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(8 * 1024 * 1024 + 1)
    assert owner.is_told("enrol", "Ana", huge) == (
        f"refused {huge}: The file is larger than 8388608 bytes.\nporteiro: 1 of 1 photos were refused."
    )


def test_a_folder_enrols_everybody_who_has_a_folder_in_it(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(Bruno=["bruno-1.jpg"], Ana=["ana-1.jpg", "ana-2.jpg"])
    (folder / "Ana" / "notes.txt").write_text("no photo")
    (folder / "group.jpg").write_bytes(b"belongs to nobody")
    (folder / ".thumbnails").mkdir()
    shutil.copy(PHOTOS / "chen-1.jpg", folder / ".thumbnails")
    (folder / "Chen").mkdir()
    assert owner.does("enrol", "--folder", folder) == "Ana: 2 photos enrolled\nBruno: 1 photo enrolled\n"
    assert owner.enrolled() == {"Ana": 2, "Bruno": 1}


def test_refused_photos_in_a_folder_do_not_stop_the_others(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(Ana=["nobody-1.jpg", "ana-1.jpg"], Bruno=["nobody-2.jpg"], Chen=["chen-1.jpg"])
    assert owner.is_told("enrol", "--folder", folder) == (
        f"refused {folder}/Ana/nobody-1.jpg: There is no face in this photo.\n"
        f"refused {folder}/Bruno/nobody-2.jpg: There is no face in this photo.\n"
        "porteiro: 2 of 4 photos were refused."
    )
    assert owner.enrolled() == {"Ana": 1, "Chen": 1}


def test_endings_of_photos_in_a_folder_may_be_in_capitals(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(Ana=["ana-1.jpg"])
    (folder / "Ana" / "ana-1.jpg").rename(folder / "Ana" / "DSC_0001.JPEG")
    assert owner.does("enrol", "--folder", folder) == "Ana: 1 photo enrolled\n"


def test_a_folder_without_photos_is_refused(owner: Owner, tmp_path: Path) -> None:
    (tmp_path / "album" / "Ana").mkdir(parents=True)
    assert owner.is_told("enrol", "--folder", tmp_path / "album") == (
        f"porteiro: {tmp_path}/album has no folder with photos (.jpg, .jpeg, .png, .webp) in it."
    )


@pytest.mark.parametrize(
    "make",
    [lambda path: path.mkdir(), lambda path: path.symlink_to("/no/such/photo.jpg")],
    ids=["a folder", "a link to nowhere"],
)
def test_what_only_looks_like_a_photo_does_not_stop_the_others(
    owner: Owner, album: Callable[..., Path], make: Callable[[Path], None]
) -> None:
    folder = album(Ana=["ana-1.jpg"])
    make(folder / "Ana" / "a.jpg")
    result = owner.types("enrol", "--folder", folder)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert owner.enrolled() == {"Ana": 1}


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


# How sure are we?


def test_the_figures_of_the_gallery_are_told_with_a_threshold_to_set(owner: Owner) -> None:
    for name in ("Ana", "Bruno", "Chen"):
        owner.does("enrol", name, *(PHOTOS / f"{name.lower()}-{at}.jpg" for at in (1, 2)))

    heading, *lines = owner.does("calibrate", "--rate", "0.01").splitlines()

    assert heading.startswith("3 people, 6 faces; threshold 0.526: ")
    assert lines[1].split() == ["different", "people", "score", "same", "person"]
    assert any(re.fullmatch(r" *#+  +0\.\d\d.*", line) for line in lines)
    assert any(re.fullmatch(r" +0\.\d\d. #+", line) for line in lines)
    wrong = "0 of 12 (0.00%, 95 % from 0.00% to 24.25%)"
    assert f"Different people taken for each other at 0.526: {wrong}" in lines
    unrecognised = "0 of 6 (0.00%, 95 % from 0.00% to 39.03%)"
    assert f"People not recognised by their other photos: {unrecognised}" in lines
    assert len([line for line in lines if re.fullmatch(r"  0\.\d{3}  \w+ and \w+", line)]) == 3
    assert "For 1 in 100: PORTEIRO_THRESHOLD=0.41" in lines


def test_the_same_figures_are_there_as_json(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    found = json.loads(owner.does("calibrate", "--json"))
    assert (found["people"], found["faces"], found["false_rejects"]["pairs"]) == (1, 2, 2)
    assert found["suggestion"]["setting"] == "PORTEIRO_THRESHOLD=0.526"
    assert found["missing"] == [
        "Enrol at least two people: how alike different people are cannot be told yet."
    ]


def test_photos_that_disagree_are_told_with_whom_they_are_like(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    owner.does("enrol", "Ana", PHOTOS / "bruno-1.jpg")
    owner.does("enrol", "Bruno", "--accept-like-another", PHOTOS / "bruno-2.jpg", PHOTOS / "bruno-3.jpg")

    lines = owner.does("calibrate").splitlines()

    doubted = lines[lines.index("Photos that the same person's others do not confirm:") + 1 :][:2]
    assert [line.split()[1] for line in doubted] == ["Ana", "Ana"]
    assert all(line.endswith("/photo more like Bruno") for line in doubted)


def test_in_an_empty_house_the_pack_s_threshold_is_suggested(owner: Owner) -> None:
    said = owner.does("calibrate")
    assert "There is nothing to compare yet." in said
    assert "nobody to compare" in said
    assert "For 1 in 1,000: PORTEIRO_THRESHOLD=0.526" in said


@pytest.mark.parametrize("rate", ["0", "0.6", "often"])
def test_a_rate_that_cannot_be_wanted_is_refused(newcomer: Owner, rate: str) -> None:
    result = newcomer.types("calibrate", "--rate", rate)
    assert (result.exit_code, result.stdout) == (2, "")


# People


def listed(said: str) -> list[list[str]]:
    """The rows of a table, as columns."""
    return [re.split(r" {2,}", line.strip()) for line in said.splitlines()]


def add_people(owner: Owner, *names: str) -> dict[str, str]:
    """People without faces; gives their ids by name."""
    with owner.house() as stores:
        return {name: stores.people.add(name).id for name in names}


def test_an_empty_house_says_how_to_enrol(newcomer: Owner) -> None:
    assert newcomer.does("people") == "Nobody is enrolled yet: porteiro enrol NAME PHOTO...\n"


def test_people_are_listed_by_name_with_their_faces(owner: Owner) -> None:
    ids = add_people(owner, "Chen", "Bruno")
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    heading, ana, *others = listed(owner.does("people"))
    assert heading == ["Name", "Faces", "Since", "May come", "Id"]
    assert ana[:4] == ["Ana", "2", today, "at any time"]
    assert others == [[name, "0", today, "at any time", ids[name]] for name in ("Bruno", "Chen")]


@pytest.mark.parametrize("name", ["Ana [admin]", "[bold]Ana", "[/x]", "Ana :smile:", "a" * 80, "陈" * 40])
def test_any_name_is_listed_as_it_is_and_whole(newcomer: Owner, name: str) -> None:
    ids = add_people(newcomer, name)
    _, row = listed(newcomer.does("people"))
    assert (row[0], row[-1]) == (name, ids[name])


# Forgetting


def test_somebody_is_forgotten_with_everything_of_theirs(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    owner.does("enrol", "Bruno", PHOTOS / "bruno-1.jpg")
    press = IdempotencyKey("door", "press-1")
    with owner.house() as stores:
        ana = stores.people.named("Ana")
        assert ana is not None
        photo = stores.visits.save_photo("v1", datetime(2026, 1, 5, tzinfo=UTC), b"jpeg")
        visit = Visit(1, "v1", datetime.now(UTC), "door", "known", ana.id, 0.9, None, photo, 1.0)
        stores.visits.add(visit, StoredAnswer(200, b"Ana"), press)
    assert owner.does("forget", "ana") == "Ana is forgotten, with 2 faces and 1 visit.\n"
    assert owner.enrolled() == {"Bruno": 1}
    with owner.house() as stores:
        assert stores.visits.page(10) == []
        assert stores.visits.answer(press) is None
    assert len(list((owner.data / "photos").rglob("*.png"))) == 1
    assert list((owner.data / "photos").rglob("*.jpg")) == []


def test_somebody_unknown_cannot_be_forgotten(newcomer: Owner) -> None:
    assert newcomer.is_told("forget", "Ana") == (
        "porteiro: Nobody is called 'Ana'; porteiro people lists who is."
    )


# Doors


def test_a_doors_token_is_all_that_is_told_on_standard_output(newcomer: Owner) -> None:
    result = newcomer.types("token", "add", "front-door")

    token = result.stdout.removesuffix("\n")
    assert re.fullmatch(r"front-door\.[0-9A-Za-z_-]{43}", token)
    assert "server.token_file" in result.stderr
    assert token.partition(".")[2] not in result.stderr
    with newcomer.house() as stores:
        device = stores.devices.holding(token_key(token))
        assert device is not None
        assert device.id == "front-door"


def test_every_token_is_another(newcomer: Owner) -> None:
    tokens = {newcomer.does("token", "add", f"door-{number}").partition(".")[2] for number in range(3)}
    assert len(tokens) == 3


@pytest.mark.parametrize("name", ["Front", "front door", "front.door", "-front", "", "f" * 64, "tür", "f\n"])
def test_a_name_that_cannot_be_a_doors_is_refused(newcomer: Owner, name: str) -> None:
    result = newcomer.types("token", "add", "--", name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be a door's name" in result.stderr


def test_a_door_gets_another_token_once_its_first_is_revoked(newcomer: Owner) -> None:
    first = newcomer.does("token", "add", "front-door").strip()
    told = newcomer.is_told("token", "add", "front-door")
    revoked = newcomer.does("token", "revoke", "front-door")
    second = newcomer.does("token", "add", "front-door").strip()

    assert told == (
        "porteiro: front-door has a token; `porteiro token revoke front-door` first makes room for another."
    )
    assert revoked == "The token of front-door is revoked.\n"
    with newcomer.house() as stores:
        holders = [stores.devices.holding(token_key(token)) for token in (first, second)]
        assert [holder and holder.revoked_at for holder in holders] == [None, None]
        assert holders[0] is None


def test_a_door_that_is_not_there_cannot_be_revoked(newcomer: Owner) -> None:
    assert newcomer.is_told("token", "revoke", "front-door") == (
        "porteiro: No door 'front-door' has a token; porteiro token list shows which have."
    )


def test_doors_are_listed_with_when_they_were_heard(newcomer: Owner) -> None:
    assert newcomer.does("token", "list") == "No door has a token yet: porteiro token add NAME\n"
    tokens = {name: newcomer.does("token", "add", name).strip() for name in ("front", "garage", "back")}
    pressed_at = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    with newcomer.house() as stores:
        stores.devices.hear("front", {})
        press = Press("front", token_key(tokens["front"]), "press-1", "boot-1", 1, pressed_at)
        with stores.database.write() as connection:
            keep_press(connection, press)
    newcomer.does("token", "revoke", "garage")

    said = newcomer.does("token", "list")
    heading, *rows = [re.split(r"\s{2,}", line.strip()) for line in said.splitlines()]

    today = rf"{datetime.now(UTC):%Y-%m-%d} \d\d:\d\d"
    assert heading == ["Name", "Made", "Last press", "Last heartbeat", "State"]
    assert [[re.sub(today, "today", cell) for cell in row] for row in rows] == [
        ["back", "today", "-", "-", "never"],
        ["front", "today", "2026-01-05 10:30", "today", "here"],
        ["garage", "today", "-", "-", "revoked"],
    ]
    assert not any(token.partition(".")[2] in said for token in tokens.values())


# Models


def states(said: str) -> dict[str, str]:
    """What ``models list`` says of each known pack."""
    return dict(re.findall(r"^(\w+) \((.+?)\): ", said, re.MULTILINE))


def test_the_known_packs_are_listed_with_their_files(newcomer: Owner) -> None:
    said = newcomer.does("models", "list")
    assert states(said) == {**dict.fromkeys(packs.catalogue(), "not here"), "embedded": "here"}
    for pack in packs.catalogue().values():
        for network in pack.networks:
            assert f"    {network.file}, {network.size_bytes:,} bytes, {network.licence}, " in said


@pytest.mark.usefixtures("known_pack")
def test_a_pack_is_copied_chosen_and_then_in_force(newcomer: Owner, pack_folder: Path) -> None:
    folder = newcomer.data / "models" / PACK
    fetched = newcomer.does("models", "fetch", PACK, "--from", pack_folder)
    assert fetched == f"{PACK} is complete in {folder}\n"
    said = newcomer.does("models", "list")
    assert (states(said)[PACK], said.startswith("In force: embedded, in ")) == ("here", True)
    assert newcomer.does("models", "use", PACK) == f"{PACK} is in use from the server's next start on.\n"
    assert newcomer.does("models", "list").startswith(f"In force: {PACK}, in {folder}\n\n")
    assert newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg") == "Ana: 1 photo enrolled\n"


def test_a_pack_in_a_folder_is_said_to_be_in_force(owner: Owner, pack_folder: Path) -> None:
    said = owner.does("models", "list")
    assert said.startswith(f"In force: {PACK}, in {pack_folder}\n\n")


def test_a_setting_that_names_no_pack_is_not_taken_for_having_none(owner: Owner, tmp_path: Path) -> None:
    said = Owner({**owner.settings, "PORTEIRO_PACK": str(tmp_path)}).does("models", "list")
    assert said.startswith(f"{tmp_path} holds no complete model pack.")


def other_pack(folder: Path, pack_folder: Path) -> Path:
    """A pack with another embedder: the same network, with a remark inside its file."""
    renamed_pack(pack_folder, folder, "other")
    embedder = folder / pack_in(pack_folder).embedder.file
    before = vision_packs.sha256_of(embedder)
    embedder.write_bytes(embedder.read_bytes() + b"\x32\x05other")  # ONNX: doc_string = "other"
    described = (folder / "models.toml").read_text(encoding="utf-8")
    (folder / "models.toml").write_text(
        described.replace(before, vision_packs.sha256_of(embedder)), encoding="utf-8"
    )
    return folder


def test_other_models_embed_everybody_anew_and_can_be_taken_back(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    other = other_pack(tmp_path / "other", pack_folder)
    embedders = [pack_in(folder).embedder.sha256 for folder in (pack_folder, other)]
    assert embedders[0] != embedders[1]

    def faces_seen() -> list[int]:
        with newcomer.house() as stores:
            return [len(stores.people.gallery(embedder).faces) for embedder in embedders]

    newcomer.does("models", "use", pack_folder)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    assert faces_seen() == [2, 0]
    assert newcomer.does("models", "use", other) == "other is in use from the server's next start on.\n"
    assert faces_seen() == [2, 2]
    newcomer.does("enrol", "Bruno", PHOTOS / "bruno-1.jpg")
    assert faces_seen() == [2, 3]
    newcomer.does("models", "use", pack_folder)
    assert faces_seen() == [3, 3]
    newcomer.does("enrol", "Chen", PHOTOS / "chen-1.jpg")
    assert faces_seen() == [4, 3]


def test_the_owner_is_told_when_the_setting_goes_before_the_choice(owner: Owner, pack_folder: Path) -> None:
    result = owner.types("models", "use", pack_folder)
    assert result.exit_code == 0
    assert without_progress(result.stderr) == (
        f"PORTEIRO_PACK={pack_folder} is set, and goes before this choice."
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["use", "zooo"], "'zooo' is neither a known pack ("),
        (["use", "zoo"], "onnx is missing. `porteiro models fetch zoo` brings the right one."),
        (["use", "{folder}"], "holds no complete model pack."),
        (["fetch", "zooo"], "There is no pack 'zooo'; there are "),
        (["fetch", "zoo", "--from", "{folder}"], "face_detection_yunet_2023mar.onnx is missing."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_pack_that_is_not_there_is_neither_fetched_nor_chosen(
    newcomer: Owner, tmp_path: Path, words: list[str], why: str
) -> None:
    (tmp_path / "empty").mkdir()
    said = newcomer.is_told("models", *(word.format(folder=tmp_path / "empty") for word in words))
    assert said.startswith("porteiro: ")
    assert why in said
    assert not (newcomer.data / "models" / "chosen").exists()


# Preparing


def test_preparing_says_where_to_go_and_what_to_do(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    greeting, *rest = owner.does("prepare").splitlines()
    name = pack_in(Path(owner.settings["PORTEIRO_PACK"])).name
    assert greeting == f"Porteiro {__version__}, models: {name}, people: 1"
    assert rest[0] == "  open    http://127.0.0.1:8765/porteiro/"
    assert rest[2] == "  ask     curl -F file=@photo-3.jpg http://127.0.0.1:8765/porteiro/"


def test_preparing_tells_how_a_door_gets_a_token_where_it_needs_one(owner: Owner) -> None:
    said = Owner({**owner.settings, "PORTEIRO_ANONYMOUS_DOORS": "0"}).does("prepare")
    assert said.splitlines()[3].endswith(" token add front-door > front-door.token")


def test_preparing_embeds_whom_the_models_have_not_seen(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    newcomer.does("models", "use", other_pack(tmp_path / "other", pack_folder))
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    embedder = pack_in(pack_folder).embedder.sha256
    with_setting = Owner({**newcomer.settings, "PORTEIRO_PACK": str(pack_folder)})
    for _ in range(2):
        with_setting.does("prepare")
        with newcomer.house() as stores:
            assert stores.people.unseen_by(embedder) == []
            assert len(stores.people.gallery(embedder).faces) == 1


def test_preparing_keeps_the_settings_pack_for_the_other_commands(
    newcomer: Owner, pack_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pack_folder.parent)
    Owner({**newcomer.settings, "PORTEIRO_PACK": pack_folder.name}).does("prepare")
    monkeypatch.chdir(newcomer.data)
    assert newcomer.does("models", "list").startswith(f"In force: {PACK}, in {pack_folder}\n\n")


def test_preparing_with_a_pack_that_cannot_be_used_leaves_the_choice_alone(
    newcomer: Owner, pack_folder: Path
) -> None:
    newcomer.does("models", "use", pack_folder)
    with_setting = Owner({**newcomer.settings, "PORTEIRO_PACK": "zoo"})
    assert with_setting.is_told("prepare").endswith(
        "onnx is missing. `porteiro models fetch zoo` brings the right one."
    )
    assert newcomer.does("models", "list").startswith(f"In force: {PACK}, in {pack_folder}\n\n")


def test_preparing_does_not_download_in_place_of_a_pack_that_was_chosen(owner: Owner, tmp_path: Path) -> None:
    said = Owner({**owner.settings, "PORTEIRO_PACK": str(tmp_path)}).is_told("prepare")
    assert said.startswith(f"porteiro: {tmp_path} holds no complete model pack.")


def test_preparing_does_not_download_in_place_of_a_choice_that_is_gone(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    stick = shutil.copytree(pack_folder, tmp_path / "stick")
    newcomer.does("models", "use", stick)
    shutil.rmtree(stick)
    assert newcomer.is_told("prepare").startswith(f"porteiro: '{stick}' is neither a known pack (")


# Privacy


@pytest.mark.usefixtures("known_pack")
def test_what_the_commands_write_is_for_their_user_alone(newcomer: Owner, pack_folder: Path) -> None:
    newcomer.does("models", "fetch", PACK, "--from", pack_folder)
    newcomer.does("models", "use", PACK)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    modes = {path: path.stat().st_mode & 0o777 for path in [newcomer.data, *newcomer.data.rglob("*")]}
    assert {"porteiro.db", "chosen"} < {path.name for path in modes}
    assert any(path.suffix == ".png" for path in modes)
    assert {path.name: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


# Accounts


def joined(owner: Owner, link: str, name: str) -> Account:
    """Follow a link, as its page does."""
    token = link.strip().rpartition("token=")[2]
    with owner.house() as stores:
        return stores.accounts.accept(token_key(token), name, CHEAP.hash(PASSWORD))


def first_link(said: str) -> str:
    """The link that preparing prints for the first owner."""
    (link,) = re.findall(r"^  begin   (\S+)$", said, re.MULTILINE)
    return str(link)


def test_preparing_a_house_without_owner_prints_a_link_each_time_until_one_is_used(owner: Owner) -> None:
    first, second = (first_link(owner.does("prepare")) for _ in range(2))
    assert re.fullmatch(r"http://127\.0\.0\.1:8765/porteiro/welcome\?token=[\w-]{43}", second)
    with pytest.raises(NotFound):
        joined(owner, first, "Eve")
    assert joined(owner, second, "Olga").role == "owner"
    assert "welcome" not in owner.does("prepare")


@pytest.mark.parametrize(
    ("settings", "option", "address", "hint"),
    [
        ({"PORTEIRO_PREFIX": "/"}, [], "http://127.0.0.1:8765/welcome", "within 24 hours)"),
        ({"PORTEIRO_SOCKET": "{data}/x.sock"}, [], "/porteiro/welcome", "put the server's public address"),
        (
            {"PORTEIRO_SOCKET": "{data}/x.sock"},
            ["--address", "https://door.example/porteiro/"],
            "https://door.example/porteiro/welcome",
            "within 24 hours)",
        ),
    ],
)
def test_the_link_begins_with_how_the_server_is_reached(
    owner: Owner, settings: dict[str, str], option: list[str], address: str, hint: str
) -> None:
    there = {key: text.format(data=owner.data) for key, text in settings.items()}
    said = Owner({**owner.settings, **there}).does("prepare", *option)
    assert first_link(said).partition("?token=")[0] == address
    assert hint in said


def test_nobody_needs_a_link_in_an_open_house(owner: Owner) -> None:
    assert "welcome" not in Owner({**owner.settings, "PORTEIRO_OPEN": "1"}).does("prepare")


def test_somebody_is_invited_listed_and_removed(newcomer: Owner) -> None:
    assert newcomer.does("user", "list") == "Nobody may sign in yet: porteiro user invite --role owner\n"
    olga = joined(newcomer, newcomer.does("user", "invite", "--role", "owner"), "Olga")
    ana = joined(newcomer, newcomer.does("user", "invite", "--role", "viewer"), "Ana")

    day = f"{datetime.now(UTC):%Y-%m-%d}"
    assert listed(newcomer.does("user", "list"))[1:] == [
        ["Ana", "viewer", day, ana.id],
        ["Olga", "owner", day, olga.id],
    ]
    assert newcomer.does("user", "remove", "ana") == "Ana may not sign in any more.\n"
    assert newcomer.is_told("user", "remove", "Ana") == (
        "porteiro: No account is called 'Ana'; porteiro user list shows which are."
    )
    assert newcomer.is_told("user", "remove", "Olga") == (
        "porteiro: This is the last owner; make somebody else an owner first."
    )


def test_a_link_is_told_once_with_how_long_it_is_good(newcomer: Owner) -> None:
    result = newcomer.types("user", "invite", "--role", "operator")

    assert re.fullmatch(r"http://127\.0\.0\.1:8765/porteiro/welcome\?token=[\w-]{43}\n", result.stdout)
    assert re.fullmatch(
        r"This link is told this once, and works once, until [\d-]{10} \d\d:\d\d UTC\.\n", result.stderr
    )
    with newcomer.house() as stores:
        token = result.stdout.strip().encode().rpartition(b"token=")[2]
        assert token not in newcomer.data.joinpath("porteiro.db").read_bytes()
        assert stores.invitations.find(token_key(token.decode())).role == "operator"


def test_a_role_that_there_is_not_is_refused(newcomer: Owner) -> None:
    assert newcomer.types("user", "invite", "--role", "king").exit_code == 2
    assert newcomer.types("user", "invite").exit_code == 2


def test_somebody_gets_a_new_password(newcomer: Owner) -> None:
    ana = joined(newcomer, newcomer.does("user", "invite", "--role", "owner"), "Ana")

    changed = joined(newcomer, newcomer.does("user", "password", "ANA", "--address", "https://x"), "")

    assert (changed.id, changed.name, changed.revision) == (ana.id, "Ana", 2)
    assert newcomer.is_told("user", "password", "Eve").startswith("porteiro: No account is called 'Eve'; ")


# What the owner got wrong: one sentence, never a traceback


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
        ({"PORTEIRO_MARGIN": "much"}, "porteiro: PORTEIRO_MARGIN='much': could not convert"),
        ({"PORTEIRO_OPEN": "1", "PORTEIRO_HTTP": "0.0.0.0:80"}, "porteiro: PORTEIRO_OPEN=1 lets everybody"),
        ({"PORTEIRO_DATABASE_URL": "sqlite:////dev/null/porteiro.db"}, "porteiro: PORTEIRO_DATABASE_URL"),
        ({"PORTEIRO_DATABASE_URL": "porteiro.db"}, "porteiro: PORTEIRO_DATABASE_URL"),
        ({"PORTEIRO_DATA": "/dev/null/house"}, "porteiro: "),
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
def test_a_folder_that_cannot_be_made_is_told_when_fetching(pack_folder: Path) -> None:
    said = Owner({"PORTEIRO_DATA": "/dev/null/house"}).is_told("models", "fetch", PACK, "--from", pack_folder)
    assert "/dev/null/house" in said


def test_a_kept_crop_that_is_gone_is_named(newcomer: Owner, pack_folder: Path, tmp_path: Path) -> None:
    newcomer.does("models", "use", pack_folder)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    (crop,) = (newcomer.data / "photos" / "people").rglob("*.png")
    crop.unlink()
    said = newcomer.is_told("models", "use", other_pack(tmp_path / "other", pack_folder))
    assert said.startswith(f"porteiro: The kept crop {crop} cannot be read: ")
    assert newcomer.does("models", "list").startswith(f"In force: {PACK}, in ")


# The installed program


def ran(settings: dict[str, str], *words: str | Path) -> tuple[int, str, str]:
    """Run the program itself: its exit status, what it says, and what it says on standard error."""
    done = subprocess.run(
        [PROGRAM, *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, without_progress(done.stderr)


def test_the_program_enrols_lists_and_forgets(owner: Owner) -> None:
    settings = owner.settings
    enrolled = ran(settings, "enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "nobody-1.jpg")
    assert enrolled == (
        1,
        "Ana: 1 photo enrolled\n",
        f"refused {PHOTOS}/nobody-1.jpg: There is no face in this photo.\n"
        "porteiro: 1 of 2 photos were refused.",
    )
    status, said, errors = ran(settings, "people")
    assert (status, listed(said)[1][:2], errors) == (0, ["Ana", "1"], "")
    assert ran(settings, "forget", "Ana")[::2] == (0, "")
    assert ran(settings, "people") == (0, "Nobody is enrolled yet: porteiro enrol NAME PHOTO...\n", "")


def test_the_program_stops_at_an_unknown_setting_with_one_sentence(tmp_path: Path) -> None:
    assert ran({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_PAK": "zoo"}, "people") == (
        1,
        "",
        "porteiro: PORTEIRO_PAK is not a setting; did you mean PORTEIRO_PACK?",
    )
    assert not (tmp_path / "data").exists()
