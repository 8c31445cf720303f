import errno
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import PHOTOS
from tests.owners import Owner, listed, without_progress
from tests.structure import CHECKOUT
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import UnusablePhoto
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.enrolment import EmbeddedFace, Enroller
from wsgi_app.stores.photos import MARKER
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit

NO_FACE = "No face can be made out in this photo; use one that shows it whole and upright, in even light."


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


# Enrolling


def test_somebody_is_enrolled_from_photos(owner: Owner) -> None:
    said = owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    assert said == "Ana: 2 photos enrolled\n"
    assert owner.enrolled() == {"Ana": 2}


def test_whoever_is_new_is_added_with_a_face_or_not_at_all(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile: list[dict[str, int]] = []

    def look(enroller: Enroller, photo: bytes) -> EmbeddedFace:
        meanwhile.append(owner.enrolled())
        with owner.house() as stores:
            stores.people.add("Ana")  # as somebody does on the pages just now
        raise UnusablePhoto("no_face")

    monkeypatch.setattr(Enroller, "look", look)
    assert owner.types("enrol", "Ana", PHOTOS / "ana-1.jpg").exit_code == 1
    assert (meanwhile, owner.enrolled()) == ([{}], {"Ana": 0})


def test_whoever_somebody_else_added_meanwhile_is_one_person(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Enroller.look

    def look_late(enroller: Enroller, photo: bytes) -> EmbeddedFace:
        seen = look(enroller, photo)
        with owner.house() as stores:
            stores.people.add("ANA")
        return seen

    monkeypatch.setattr(Enroller, "look", look_late)
    assert owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg") == "Ana: 1 photo enrolled\n"
    assert owner.enrolled() == {"ANA": 1}


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
        f"refused {PHOTOS / 'nobody-1.jpg'}: {NO_FACE}",
        f"refused {tmp_path / 'letter.jpg'}: This is not a JPEG, PNG, WebP, HEIC or AVIF picture.",
        "porteiro: 2 of 3 photos were refused.",
    ]
    assert owner.enrolled() == {"Ana": 1}


def test_somebody_new_whose_photos_are_all_refused_is_not_left_behind(owner: Owner) -> None:
    owner.is_told("enrol", "Nobody", PHOTOS / "nobody-1.jpg", PHOTOS / "nobody-2.jpg")
    assert owner.enrolled() == {}
    assert [path.name for path in (owner.data / "photos").rglob("*.*")] == [MARKER]


def test_somebody_known_whose_photo_is_refused_stays(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    owner.is_told("enrol", "Ana", PHOTOS / "nobody-1.jpg")
    assert owner.enrolled() == {"Ana": 1}


def test_a_folder_that_grew_is_enrolled_once_more(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(Ana=["ana-1.jpg"], Bruno=["bruno-1.jpg"])
    owner.does("enrol", "--folder", folder)
    shutil.copy(PHOTOS / "ana-2.jpg", folder / "Ana")

    assert owner.does("enrol", "--folder", folder).splitlines() == [
        "Ana: 1 photo enrolled",
        "Ana: 1 photo there already",
        "Bruno: 1 photo there already",
        "1 person, 1 photo enrolled, 2 there already",
    ]
    assert owner.does("enrol", "Bruno", PHOTOS / "bruno-1.jpg") == "Bruno: 1 photo there already\n"
    assert owner.enrolled() == {"Ana": 2, "Bruno": 1}


def test_whoever_has_a_photo_already_is_named(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")

    said = owner.is_told("enrol", "Eve", PHOTOS / "ana-1.jpg").splitlines()

    already = "Ana has this photo already; if it shows Eve, remove it from Ana's photos first."
    assert said[0] == f"refused {PHOTOS / 'ana-1.jpg'}: {already}"


def test_a_face_that_is_like_another_is_refused_unless_somebody_insists(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    refused, last = owner.is_told("enrol", "Eve", PHOTOS / "ana-2.jpg").splitlines()
    assert refused.startswith(f"refused {PHOTOS / 'ana-2.jpg'}: This looks like Ana (likeness 0.86), who ")
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
    assert owner.does("enrol", "--folder", folder) == (
        "Ana: 2 photos enrolled\nBruno: 1 photo enrolled\n2 people, 3 photos enrolled\n"
    )
    assert owner.enrolled() == {"Ana": 2, "Bruno": 1}


def test_deeper_folders_are_the_same_persons(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(**{"Ana": ["ana-1.jpg"], "Ana/2024/beach": ["ana-2.jpg"]})
    owner.does("enrol", "--folder", folder)
    assert owner.enrolled() == {"Ana": 2}


@pytest.mark.parametrize(
    "name", ["DSC_0001.JPEG", "ana.jfif", "ana", "ana.heic", "ana.txt", "ana\n1\udcff.jpg"]
)
def test_a_photo_is_known_by_its_bytes_whatever_it_is_called(
    owner: Owner, album: Callable[..., Path], name: str
) -> None:
    folder = album(Ana=["ana-1.jpg"])
    (folder / "Ana" / "ana-1.jpg").rename(folder / "Ana" / name)
    assert owner.does("enrol", "--folder", folder) == "Ana: 1 photo enrolled\n1 person, 1 photo enrolled\n"


def test_names_in_another_encoding_are_named_by_their_bytes(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(**{"Ana": ["ana-1.jpg"], "Jo\udce3o": ["bruno-1.jpg"]})
    (folder / "Ana" / "ana-1.jpg").rename(folder / "Ana" / "fot\udcf3.jpg")
    (folder / "Ana" / "ol\udce1.txt").write_text("no photo")

    result = owner.types("enrol", "--folder", folder)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Ana: 1 photo enrolled",
        "1 person, 1 photo enrolled; 2 left out: 1 unsupported media type, 1 bad name",
    ]
    assert result.stderr.splitlines() == [
        f"refused {folder}/Ana/ol\\xe1.txt: This is not a JPEG, PNG, WebP, HEIC or AVIF picture.",
        f"left out {folder}/Jo\\xe3o: This cannot be a name: it is not in UTF-8.",
        "porteiro: 1 of 2 photos were refused, 1 file or folder left out.",
    ]
    assert owner.is_told("enrol", "--folder", folder / "Jo\udce3o").splitlines()[-1] == (
        f"porteiro: {folder}/Jo\\xe3o has no folder with a photo in it."
    )


def test_whatever_is_left_out_is_named_with_the_reason(owner: Owner, album: Callable[..., Path]) -> None:
    folder = album(Ana=["ana-1.jpg", "nobody-1.jpg"], Bruno=["nobody-2.jpg"], Empty=[], Chen=["chen-1.jpg"])
    (folder / "Ana" / "notes.txt").write_text("no photo")
    shutil.copy(PHOTOS / "ana-2.jpg", folder / "Ana" / ".ana-2.jpg")
    shutil.copy(PHOTOS / "dana-1.jpg", folder / "dana-1.jpg")
    (folder / ".thumbnails").mkdir()
    shutil.copy(PHOTOS / "chen-1.jpg", folder / ".thumbnails")
    (folder / "Chen" / "ana.jpg").symlink_to(PHOTOS / "ana-3.jpg")
    (folder / "a\x1b[0m").mkdir()

    result = owner.types("enrol", "--folder", folder)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Ana: 1 photo enrolled",
        "Chen: 1 photo enrolled",
        "2 people, 2 photos enrolled; 10 left out: 2 no face, 2 hidden, 1 unsupported media type, "
        "1 in no folder, 1 bad name, 1 link outside, 1 no photo, 1 none enrolled",
    ]
    assert result.stderr.splitlines() == [
        f"refused {folder}/Ana/nobody-1.jpg: {NO_FACE}",
        f"refused {folder}/Ana/notes.txt: This is not a JPEG, PNG, WebP, HEIC or AVIF picture.",
        f"refused {folder}/Bruno/nobody-2.jpg: {NO_FACE}",
        f"left out {folder}/dana-1.jpg: It lies in no person's folder.",
        f"left out {folder}/.thumbnails: It is hidden: its name begins with a dot.",
        f"left out {folder}/a\\x1b[0m: 'a\\x1b[0m' cannot be a name: a name holds no control characters.",
        f"left out {folder}/Ana/.ana-2.jpg: It is hidden: its name begins with a dot.",
        f"left out {folder}/Chen/ana.jpg: It is a link that leads out of this folder.",
        f"left out {folder}/Empty: There is no photo in this folder.",
        f"left out {folder}/Bruno: None of the photos in it could be enrolled.",
        "porteiro: 3 of 5 photos were refused, 7 files and folders left out.",
    ]
    assert owner.enrolled() == {"Ana": 1, "Chen": 1}


def test_whoever_has_only_a_photo_from_a_phone_is_enrolled_or_named(
    owner: Owner, album: Callable[..., Path]
) -> None:
    folder = album(Maria=[], Rui=["goro-1.jpg"])
    shutil.copy(CHECKOUT / "tests" / "cases" / "IMG_1.HEIC", folder / "Maria")
    result = owner.types("enrol", "--folder", folder)
    named = {f"{folder}/Maria", f"{folder}/Maria/IMG_1.HEIC"} <= set(re.findall(r"\S+(?=: )", result.stderr))
    assert (owner.enrolled().keys() >= {"Maria"}, result.exit_code) == (not named, int(named))


def test_two_spellings_of_a_name_are_one_person_and_that_is_said(
    owner: Owner, album: Callable[..., Path]
) -> None:
    composed, decomposed = "Jos\u00e9", "JOSE\u0301"
    folder = album(**{composed: ["ana-1.jpg"], decomposed: ["ana-2.jpg"]})
    result = owner.types("enrol", "--folder", folder)
    assert (result.exit_code, result.stdout) == (
        0,
        "JOS\u00c9: 2 photos enrolled\n1 person, 2 photos enrolled\n",
    )
    assert result.stderr == (
        f"{folder}/{decomposed} and {folder}/{composed} are one name: the photos in them are JOS\u00c9's.\n"
    )
    assert list(owner.enrolled().values()) == [2]


@pytest.mark.parametrize("name", ["Ana", ".Ana", " "])
def test_a_folder_without_photos_is_refused(owner: Owner, tmp_path: Path, name: str) -> None:
    (tmp_path / "album" / name).mkdir(parents=True)
    left_out, why = owner.is_told("enrol", "--folder", tmp_path / "album").splitlines()
    assert left_out.startswith(f"left out {tmp_path}/album/{name}: ")
    assert why == f"porteiro: {tmp_path}/album has no folder with a photo in it."


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.symlink_to("/no/such/photo.jpg"), "It cannot be read: No such file or directory."),
        (os.mkfifo, "It is no ordinary file."),
        (Path.touch, "This is not a JPEG, PNG, WebP, HEIC or AVIF picture."),
    ],
    ids=["a link to nowhere", "a pipe", "an empty file"],
)
def test_what_only_looks_like_a_photo_is_named_and_does_not_stop_the_others(
    owner: Owner, album: Callable[..., Path], make: Callable[[Path], None], why: str
) -> None:
    folder = album(Ana=["ana-1.jpg"])
    make(folder / "Ana" / "a.jpg")
    assert f"{folder}/Ana/a.jpg: {why}" in owner.is_told("enrol", "--folder", folder)
    assert owner.enrolled() == {"Ana": 1}


def test_a_photo_that_cannot_be_read_does_not_stop_the_others(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_bytes(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> bytes:
        if path.name == "ana-1.jpg":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert owner.is_told("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg") == (
        f"refused {PHOTOS}/ana-1.jpg: It cannot be read: Permission denied.\n"
        "porteiro: 1 of 2 photos were refused."
    )
    assert owner.enrolled() == {"Ana": 1}


# People


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
    press = IdempotencyKey(DoorId.of("device:door"), "press-1")
    with owner.house() as stores:
        ana = stores.people.named("Ana")
        assert ana is not None
        photo = stores.visits.save_photo("v1", datetime(2026, 1, 5, tzinfo=UTC), b"jpeg")
        visit = Visit(
            1, "v1", datetime.now(UTC), DoorId.of("device:door"), Outcome.KNOWN, ana.id, 0.9, None, photo, 1.0
        )
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
