import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import PHOTOS
from tests.galleries import SHARP
from tests.owners import PACK, Owner, listed, renamed_pack, without_progress
from wsgi_app import __version__
from wsgi_app.base.config import load_config
from wsgi_app.base.errors import PackError
from wsgi_app.commands import models as commands
from wsgi_app.house import models
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.vision import packs as vision_packs
from wsgi_app.vision.packs import Pack, pack_in


def table(said: str) -> list[list[str]]:
    """The table of ``models list``: its headings, and a row for each pack."""
    return listed(said.split("\n\n")[1].partition("\n  ")[0])


def states(said: str) -> dict[str, str]:
    """How ``models list`` says that each pack stands."""
    return {row[0]: row[1] for row in table(said)[1:]}


def test_the_known_packs_are_compared_in_one_table(newcomer: Owner) -> None:
    said = newcomer.does("models", "list")
    headings, *rows = table(said)
    assert headings == [
        "Pack", "State", "TAR 1e-3", "TAR 1e-4", "Threshold", "MB", "For what (licences)"
    ]  # fmt: skip
    assert [row[0] for row in rows] == list(models.catalogue())
    assert states(said) == {**dict.fromkeys(models.catalogue(), "not here"), "embedded": "in force"}
    zoo = models.catalogue()["zoo"]
    assert rows[2] == [
        "zoo", "not here", "0.69", "0.52", "0.535", "10.8", f"{zoo.summary} (MIT, Apache-2.0)"
    ]  # fmt: skip
    assert rows[1][5] == "~7.1"
    assert "detector.onnx" not in said


def test_the_files_are_listed_where_they_are_asked_for(newcomer: Owner) -> None:
    said = newcomer.does("models", "list", "--files")
    for pack in models.catalogue().values():
        for network in pack.own_networks:
            about = "about " if network.size_is_rough else ""
            described = f"{about}{network.size_bytes:,} bytes, {network.licence}, {network.source}"
            assert f"    {network.file}, {described}\n" in said
    assert "\n\nedgeface\n    detector.onnx, that of embedded\n    edgeface_xs_gamma_06.onnx, about " in said


def test_the_packs_that_are_here_are_measured_where_that_is_asked_for(newcomer: Owner) -> None:
    headings, *rows = table(newcomer.does("models", "list", "--measure"))
    assert headings[6] == "ms"
    times = {row[0]: row[6] for row in rows}
    shipped = times.pop("embedded")
    assert set(times.values()) == {"-"}
    assert re.fullmatch(r"\d+\.\d \+ \d+\.\d", shipped)


def test_a_pack_that_cannot_be_measured_is_told_and_the_others_are(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(pack: Pack, folder: Path) -> tuple[float, float]:
        if pack.name == "embedded":
            raise PackError("pack:unreadable", file=folder / "detector.onnx", why="made up")
        return (1.25, 10.75)

    monkeypatch.setattr(commands, "look_milliseconds", measure)
    result = owner.types("models", "list", "--measure")
    assert result.exit_code == 0
    assert {row[0]: row[6] for row in table(result.stdout)[1:3]} == {PACK: "1.2 + 10.8", "embedded": "-"}
    folder = vision_packs.CATALOGUE.parent
    assert without_progress(result.stderr) == (
        f"{folder / 'detector.onnx'} cannot be loaded as a network: made up"
    )


@pytest.mark.usefixtures("known_pack")
def test_a_pack_is_copied_chosen_and_then_in_force(newcomer: Owner, pack_folder: Path) -> None:
    folder = newcomer.data / "models" / PACK
    fetched = newcomer.does("models", "fetch", PACK, "--from", pack_folder)
    assert fetched == f"{PACK} is complete in {folder}\n"
    said = newcomer.does("models", "list")
    assert states(said)[PACK] == "here"
    assert said.startswith("In force: embedded, in ")
    assert newcomer.does("models", "use", PACK) == f"{PACK} is in use from the server's next start on.\n"
    assert newcomer.does("models", "list").startswith(f"In force: {PACK}, in {folder}\n\n")
    assert newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg") == "Ana: 1 photo enrolled\n"


@pytest.mark.usefixtures("known_pack")
def test_a_pack_that_shares_the_shipped_networks_needs_only_its_own(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    catalogue, head = vision_packs.CATALOGUE, f"[packs.{PACK}]\n"
    described = re.sub(
        rf"(?ms)^\[packs\.{PACK}\.(detector|nose|faults)\].*?(?=^\[|\Z)", "", catalogue.read_text()
    )
    shares = "".join(f'{network} = "embedded"\n' for network in ("detector", "nose", "faults"))
    catalogue.write_text(described.replace(head, head + shares))
    stick = tmp_path / "only-the-embedder"
    stick.mkdir()
    shutil.copy(pack_folder / "embedder.onnx", stick)

    newcomer.does("models", "fetch", PACK, "--from", stick)
    newcomer.does("models", "use", PACK)

    assert [path.name for path in (newcomer.data / "models" / PACK).iterdir()] == ["embedder.onnx"]
    assert newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg") == "Ana: 1 photo enrolled\n"
    assert states(newcomer.does("models", "list"))[PACK] == "in force"


def test_a_pack_in_a_folder_is_said_to_be_in_force(owner: Owner, pack_folder: Path) -> None:
    said = owner.does("models", "list")
    assert said.startswith(f"In force: {PACK}, in {pack_folder}\n\n")
    shown = states(said)
    assert (next(iter(shown)), shown[PACK], shown["embedded"]) == (PACK, "in force", "here")


@pytest.mark.usefixtures("known_pack")
def test_an_altered_pack_is_told_from_one_that_is_not_here(newcomer: Owner, pack_folder: Path) -> None:
    newcomer.does("models", "fetch", PACK, "--from", pack_folder)
    newcomer.does("models", "use", PACK)
    (newcomer.data / "models" / PACK / "detector.onnx").write_bytes(b"altered")
    said = newcomer.does("models", "list")
    assert "is not the file that pack 'mine' describes" in said.splitlines()[0]
    assert states(said) == {
        **dict.fromkeys(models.catalogue(), "not here"),
        "embedded": "here",
        PACK: "altered",
    }


def test_a_setting_that_names_no_pack_is_not_taken_for_having_none(owner: Owner, tmp_path: Path) -> None:
    said = Owner({**owner.settings, "PORTEIRO_PACK": str(tmp_path)}).does("models", "list")
    assert said.startswith(f"PORTEIRO_PACK='{tmp_path}': {tmp_path} holds no complete model pack.")
    assert set(states(said).values()) == {"here", "not here"}


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
    embedders = [pack_in(folder).embedder.key for folder in (pack_folder, other)]
    assert embedders[0] != embedders[1]

    def faces_seen() -> list[int]:
        with newcomer.house() as stores:
            return [len(stores.gallery.rows(embedder).faces) for embedder in embedders]

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
        (["fetch", "zoo", "--from", "{folder}"], "face_detection_yunet_2023mar_int8bq.onnx is missing."),
        (["fetch", "edgeface", "--from", "{folder}"], "edgeface_xs_gamma_06.onnx is missing."),
        (["use", "edgeface"], "_06.onnx is missing. `porteiro models fetch edgeface` brings the right one."),
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


@pytest.mark.parametrize(
    ("everywhere", "asked"), [("*", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("[::]", "[::1]")]
)
def test_preparing_says_an_address_that_a_browser_can_ask(owner: Owner, everywhere: str, asked: str) -> None:
    settings = {"PORTEIRO_HTTP": f"{everywhere}:8765", "PORTEIRO_ANONYMOUS_DOORS": "1"}
    said = Owner({**owner.settings, **settings}).does("prepare")

    assert said.splitlines()[1:3] == [
        f"  open    http://{asked}:8765/porteiro/",
        "          (from other machines with this one's address in it)",
    ]
    assert f"ask     curl -F file=@photo-3.jpg http://{asked}:8765/porteiro/" in said
    assert everywhere + ":" not in said


def test_preparing_behind_nginx_names_the_socket_and_no_address_that_nobody_serves(owner: Owner) -> None:
    said = Owner({**owner.settings, "PORTEIRO_SOCKET": f"{owner.data}/x.sock"}).does("prepare")
    assert said.splitlines()[1] == f"  behind  nginx on {owner.data}/x.sock"
    assert "127.0.0.1" not in said


def test_preparing_tells_how_a_door_gets_a_token_where_it_needs_one(owner: Owner) -> None:
    said = Owner({**owner.settings, "PORTEIRO_ANONYMOUS_DOORS": "0"}).does("prepare")
    assert said.splitlines()[3].endswith(" token add front-door > front-door.token")


def test_preparing_embeds_whom_the_models_have_not_seen(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    newcomer.does("models", "use", other_pack(tmp_path / "other", pack_folder))
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    embedder = pack_in(pack_folder).embedder.key
    with_setting = Owner({**newcomer.settings, "PORTEIRO_PACK": str(pack_folder)})
    for _ in range(2):
        with_setting.does("prepare")
        with newcomer.house() as stores:
            assert stores.gallery.unseen_by(embedder) == []
            assert len(stores.gallery.rows(embedder).faces) == 1


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
    assert said.startswith(f"porteiro: PORTEIRO_PACK='{tmp_path}': {tmp_path} holds no complete model pack.")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("nose.txt", b"", "a network file ends with .onnx, .pb, .tflite."),
        ("nose.onnx", b"", "cannot be loaded as a network: "),
        ("nose.pb", b"no graph", "cannot be loaded as a network: it is no frozen TensorFlow graph"),
    ],
)
def test_a_network_of_ones_own_that_cannot_be_used_is_named_with_its_setting(
    owner: Owner, tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)

    said = Owner({**owner.settings, "PORTEIRO_NOSE_MODEL": str(file)}).is_told("prepare")

    assert said.startswith(f"porteiro: PORTEIRO_NOSE_MODEL='{file}': {file}")
    assert why in said


def test_a_network_of_ones_own_that_takes_another_size_is_named_with_both_settings(
    owner: Owner, pack_folder: Path
) -> None:
    file = pack_folder / pack_in(pack_folder).embedder.file
    settings = {"PORTEIRO_NOSE_MODEL": str(file), "PORTEIRO_NOSE_INPUT_PX": "64"}

    said = Owner({**owner.settings, **settings}).is_told("prepare")

    assert said.startswith(
        f"porteiro: PORTEIRO_NOSE_MODEL='{file}', PORTEIRO_NOSE_INPUT_PX=64: {file} cannot look"
    )


@pytest.mark.parametrize("name", ["nix", "zoo"])
def test_a_pack_that_cannot_be_used_is_named_with_its_setting(newcomer: Owner, name: str) -> None:
    for words in (("prepare",), ("enrol", "Ana", PHOTOS / "ana-1.jpg")):
        said = Owner({**newcomer.settings, "PORTEIRO_PACK": name}).is_told(*words)
        assert said.startswith(f"porteiro: PORTEIRO_PACK='{name}': ")


def test_preparing_does_not_download_in_place_of_a_choice_that_is_gone(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    stick = shutil.copytree(pack_folder, tmp_path / "stick")
    newcomer.does("models", "use", stick)
    shutil.rmtree(stick)
    assert newcomer.is_told("prepare").startswith(f"porteiro: '{stick}' is neither a known pack (")


@pytest.mark.usefixtures("known_pack")
def test_a_folder_that_cannot_be_made_is_told_when_fetching(pack_folder: Path) -> None:
    said = Owner({"PORTEIRO_DATA": "/dev/null/house"}).is_told("models", "fetch", PACK, "--from", pack_folder)
    assert "/dev/null/house" in said


def test_a_kept_crop_that_is_gone_is_named_and_the_others_are_embedded(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    newcomer.does("models", "use", pack_folder)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    lost, _ = (newcomer.data / "photos" / "people").rglob("*.png")
    lost.unlink()
    other = other_pack(tmp_path / "other", pack_folder)

    first, second = (newcomer.types("models", "use", other) for _ in range(2))

    assert [result.exit_code for result in (first, second)] == [0, 0]
    assert without_progress(first.stderr).splitlines() == [
        "Embedding 2 known faces anew.",
        f"porteiro: The kept crop {lost} cannot be read (This photo is gone): a photo of Ana, by which "
        "nobody is known now. Remove it from their page, and add another.",
    ]
    assert without_progress(second.stderr).startswith("Embedding 1 known face anew.\n")
    with newcomer.house() as stores:
        assert len(stores.gallery.rows(pack_in(other).embedder.key).faces) == 1


def test_a_crop_of_a_face_that_is_not_somebodys_is_named_when_it_is_gone(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    newcomer.does("models", "use", pack_folder)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    with newcomer.house() as stores:
        ana = stores.people.page(1)[0].id
        embedder = pack_in(pack_folder).embedder
        seen = Embedding(embedder.key, np.ones(embedder.embedding_size, np.float32))
        barring = stores.faces.add(ana, b"no picture", SHARP, seen, Source(negative=True))
        file = stores.photos.path(barring.crop)

    result = newcomer.types("models", "use", other_pack(tmp_path / "other", pack_folder))
    _, said = without_progress(result.stderr).splitlines()

    assert said.startswith(f"porteiro: The kept crop {file} cannot be read (not a kept crop: ")
    assert said.endswith(
        "): a face that is not Ana's, so nobody is taken for Ana now. Remove it from their page."
    )


def test_enrolling_lets_the_models_see_those_first_whom_a_new_face_is_compared_with(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    newcomer.does("models", "use", pack_folder)
    newcomer.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    models.choose(load_config(newcomer.settings), str(other_pack(tmp_path / "other", pack_folder)))

    said = newcomer.is_told("enrol", "Bruno", PHOTOS / "ana-1.jpg")

    assert "Ana has this photo already" in said
    assert newcomer.enrolled() == {"Ana": 1}


def test_a_threshold_that_is_set_for_other_models_is_told(
    newcomer: Owner, pack_folder: Path, tmp_path: Path
) -> None:
    told = (
        "PORTEIRO_THRESHOLD=0.5 is set, whatever the models, though each finds people alike on a scale of "
        "its own; `porteiro calibrate` suggests one."
    )
    strict = Owner({**newcomer.settings, "PORTEIRO_THRESHOLD": "0.5"})
    strict.does("models", "use", pack_folder)
    strict.does("enrol", "Ana", PHOTOS / "ana-1.jpg")

    used = strict.types("models", "use", other_pack(tmp_path / "other", pack_folder))
    strict.does("enrol", "Bruno", PHOTOS / "bruno-1.jpg")
    back = Owner({**strict.settings, "PORTEIRO_PACK": str(pack_folder)})
    prepared, again = back.types("prepare"), back.types("prepare")

    assert [told in result.stderr for result in (used, prepared, again)] == [True, True, False]
