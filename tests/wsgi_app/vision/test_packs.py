import hashlib
import string
from dataclasses import replace
from pathlib import Path

import pytest

from wsgi_app.base.errors import PackError
from wsgi_app.vision import packs
from wsgi_app.vision.packs import (
    CATALOGUE,
    SHIPPED,
    DetectorFile,
    EmbedderFile,
    NoseNetworkFile,
    Pack,
    Threshold,
    Wheel,
    check_files,
    pack_in,
    read_packs,
    sha256_of,
)

FINDER, TELLER = b"finds faces", b"tells them apart"

DESCRIPTION = f"""
[packs.mine]
summary = "Made at home"

[packs.mine.detector]
file = "finder.onnx"
sha256 = "{hashlib.sha256(FINDER).hexdigest()}"
size_bytes = {len(FINDER)}
licence = "MIT"
source = "me"
input_px = 320
score_threshold = 0.6

[packs.mine.embedder]
file = "teller.onnx"
sha256 = "{hashlib.sha256(TELLER).hexdigest()}"
size_bytes = {len(TELLER)}
licence = "MIT"
source = "me"
url = "https://example.org/teller.onnx"
embedding_size = 64
channels = "bgr"
mean = [127.5, 127.5, 127.5]
deviation = [128, 128, 128]
thresholds = [
  {{ score = 0.4, false_accept_rate = 0.001, true_accept_rate = 0.9, measured_on = "my family" }},
  {{ score = 0.3, measured_on = "a guess" }},
]
"""

MINE = Pack(
    name="mine",
    summary="Made at home",
    detector=DetectorFile(
        file="finder.onnx",
        sha256=hashlib.sha256(FINDER).hexdigest(),
        size_bytes=11,
        licence="MIT",
        source="me",
        url="",
        input_px=320,
        score_threshold=0.6,
    ),
    embedder=EmbedderFile(
        file="teller.onnx",
        sha256=hashlib.sha256(TELLER).hexdigest(),
        size_bytes=16,
        licence="MIT",
        source="me",
        url="https://example.org/teller.onnx",
        embedding_size=64,
        channels="bgr",
        mean=(127.5, 127.5, 127.5),
        deviation=(128, 128, 128),
        thresholds=(
            Threshold(score=0.4, false_accept_rate=0.001, true_accept_rate=0.9, measured_on="my family"),
            Threshold(score=0.3, measured_on="a guess"),
        ),
    ),
)


WHEEL = """
[packs.mine.wheel]
package = "my-models"
version = "1.0"
file = "my_models-1.0-py3-none-any.whl"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
size_bytes = 30
folder = "my_models/files"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds a pack of its own."""
    (tmp_path / "models.toml").write_text(DESCRIPTION, encoding="utf-8")
    (tmp_path / "finder.onnx").write_bytes(FINDER)
    (tmp_path / "teller.onnx").write_bytes(TELLER)
    return tmp_path


def test_a_description_is_read_as_it_is_written(folder: Path) -> None:
    assert read_packs(folder / "models.toml") == {"mine": MINE}


def test_an_embedder_that_is_asked_about_mirror_images_too_has_a_key_of_its_own(folder: Path) -> None:
    description = DESCRIPTION.replace("embedding_size = 64", "embedding_size = 64\nmirrored = true")
    (folder / "models.toml").write_text(description, encoding="utf-8")

    mirrored = read_packs(folder / "models.toml")["mine"].embedder

    assert mirrored == replace(MINE.embedder, mirrored=True)
    assert (MINE.embedder.key, mirrored.key) == (mirrored.sha256, f"{mirrored.sha256}+mirrored")
    assert [name for name, pack in read_packs(CATALOGUE).items() if pack.embedder.mirrored] == ["embedded"]


def test_a_pack_consists_of_its_two_networks() -> None:
    assert [network.file for network in MINE.networks] == ["finder.onnx", "teller.onnx"]


def test_a_pack_may_be_in_a_wheel_and_is_on_the_internet_then(folder: Path) -> None:
    (folder / "models.toml").write_text(DESCRIPTION + WHEEL, encoding="utf-8")
    wheel = Wheel(
        package="my-models",
        version="1.0",
        file="my_models-1.0-py3-none-any.whl",
        sha256="0" * 64,
        size_bytes=30,
        folder="my_models/files",
    )
    mine = replace(MINE, wheel=wheel)
    assert read_packs(folder / "models.toml") == {"mine": mine}
    assert (MINE.is_on_the_internet, mine.is_on_the_internet) == (False, True)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("my-models", "my-models --index-url http://example.org"),
        ("my-models", "--pre"),
        ('version = "1.0"', 'version = "1.0\\nanother"'),
        ("my_models-1.0-py3-none-any.whl", "../my_models-1.0-py3-none-any.whl"),
        ("size_bytes = 30", "size_bytes = 0"),
        ("0" * 64, "0" * 63),
    ],
)
def test_a_wheel_of_another_form_is_refused(right: str, wrong: str, folder: Path) -> None:
    described = DESCRIPTION + WHEEL.replace(right, wrong, 1)
    (folder / "models.toml").write_text(described, encoding="utf-8")
    with pytest.raises(PackError, match=r"^pack:description "):
        read_packs(folder / "models.toml")


def test_a_description_may_ask_for_opencv_and_larger_grounds(folder: Path) -> None:
    described = DESCRIPTION.replace("input_px = 320", 'input_px = 320\nopencv_input = "x"\nground_scale = 2')
    described = described.replace("embedding_size", 'opencv_input = "y"\nembedding_size')
    (folder / "models.toml").write_text(described, encoding="utf-8")
    detector = replace(MINE.detector, opencv_input="x", ground_scale=2)
    embedder = replace(MINE.embedder, opencv_input="y")
    assert read_packs(folder / "models.toml") == {"mine": replace(MINE, detector=detector, embedder=embedder)}


def test_a_pack_may_bring_a_nose_network_and_a_detector_of_any_size(folder: Path) -> None:
    description = (
        DESCRIPTION.replace("input_px = 320", 'input_px = 320\nsizes = "any"')
        + """
[packs.mine.nose]
file = "pointer.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
size_bytes = 3
licence = "MIT"
source = "me"
input_px = 96
channels = "rgb"
"""
    )
    (folder / "models.toml").write_text(description, encoding="utf-8")
    pointer = NoseNetworkFile(
        file="pointer.onnx",
        sha256="0" * 64,
        size_bytes=3,
        licence="MIT",
        source="me",
        input_px=96,
        channels="rgb",
    )

    mine = read_packs(folder / "models.toml")["mine"]

    assert mine == replace(MINE, detector=replace(MINE.detector, sizes="any"), nose=pointer)
    assert [network.file for network in mine.networks] == ["finder.onnx", "teller.onnx", "pointer.onnx"]


# What is shared with the shipped pack

SHARING = DESCRIPTION[: DESCRIPTION.index("[packs.mine.detector]")] + "".join(
    (
        'detector = "embedded"\nnose = "embedded"\nfaults = "embedded"\n\n',
        DESCRIPTION[DESCRIPTION.index("[packs.mine.embedder]") :],
    )
)


def test_a_pack_may_share_networks_of_the_shipped_one(folder: Path) -> None:
    (folder / "models.toml").write_text(SHARING, encoding="utf-8")
    (folder / "finder.onnx").unlink()
    shipped = read_packs(CATALOGUE)[SHIPPED]
    assert shipped.nose is not None
    assert shipped.faults is not None

    mine = pack_in(folder)

    assert mine == replace(
        MINE,
        detector=shipped.detector,
        nose=shipped.nose,
        faults=shipped.faults,
        shared=(shipped.detector, shipped.nose, shipped.faults),
    )
    assert mine.own_networks == (MINE.embedder,)
    assert [mine.path_of(network, folder) for network in mine.networks] == [
        CATALOGUE.parent / "detector.onnx",
        folder / "teller.onnx",
        CATALOGUE.parent / "nose.onnx",
        CATALOGUE.parent / "faults.onnx",
    ]
    assert mine.is_on_the_internet
    check_files(mine, folder)


@pytest.mark.parametrize("other", ["zoo", "mine", "shipped", ""])
def test_nothing_but_the_shipped_pack_is_shared_with(folder: Path, other: str) -> None:
    described = SHARING.replace('detector = "embedded"', f'detector = "{other}"')
    (folder / "models.toml").write_text(described, encoding="utf-8")

    with pytest.raises(PackError, match=r"^pack:description .*detector"):
        read_packs(folder / "models.toml")


def test_an_embedder_is_a_packs_own(folder: Path) -> None:
    described = SHARING[: SHARING.index("[packs.mine.embedder]")] + 'embedder = "embedded"\n'
    (folder / "models.toml").write_text(described, encoding="utf-8")

    with pytest.raises(PackError, match=r"^pack:description .*embedder"):
        read_packs(folder / "models.toml")


@pytest.mark.parametrize(
    "catalogue",
    [
        DESCRIPTION,
        SHARING.replace("packs.mine", "packs.embedded"),
        DESCRIPTION.replace("packs.mine", "packs.embedded"),
    ],
    ids=["no such pack", "itself", "no nose"],
)
def test_what_the_shipped_pack_lacks_cannot_be_shared(
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    catalogue: str,
) -> None:
    path = tmp_path_factory.mktemp("shipped") / "models.toml"
    path.write_text(catalogue, encoding="utf-8")
    monkeypatch.setattr(packs, "CATALOGUE", path)
    (folder / "models.toml").write_text(SHARING, encoding="utf-8")

    with pytest.raises(PackError) as refusal:
        read_packs(folder / "models.toml")

    assert (refusal.value.key, refusal.value.values) == (
        "pack:shares_more",
        {"file": folder / "models.toml", "pack": "mine", "shipped": "embedded"},
    )


@pytest.mark.parametrize("size_bytes", [1, 15, 16, 17, 32, 33])
def test_only_a_file_whose_size_is_a_guess_may_have_others(size_bytes: int) -> None:
    guessed = replace(MINE.embedder, size_is_rough=True)

    assert MINE.embedder.may_have(size_bytes) == (size_bytes == 16)
    assert guessed.may_have(size_bytes) == (size_bytes <= 32)
    assert (MINE.embedder.most_bytes, guessed.most_bytes) == (16, 32)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param("[packs.mine]", "[packs.mine", id="not TOML"),
        pytest.param("packs.mine", "pack.mine", id="no table of packs"),
        pytest.param("packs.mine.detector", "packs.mine.finder", id="no detector"),
        pytest.param('summary = "Made at home"', "", id="no summary"),
        pytest.param("input_px = 320", "", id="a key left out"),
        pytest.param("input_px", "input_pixels", id="a key misspelt"),
        pytest.param("input_px = 320", 'input_px = "320"', id="a number in quotes"),
        pytest.param("input_px = 320", "input_px = 300", id="an input that no grid of cells fits"),
        pytest.param("input_px = 320", "input_px = -320", id="an input below zero"),
        pytest.param('file = "teller.onnx"', 'file = "../teller.onnx"', id="a file outside the folder"),
        pytest.param("sha256 = ", 'sha256 = "0" #', id="a sha256 that is too short"),
        pytest.param("score_threshold = 0.6", 'score_threshold = "high"', id="a threshold in words"),
        pytest.param('channels = "bgr"', 'channels = "gbr"', id="an unknown channel order"),
        pytest.param("mean = [127.5, 127.5, 127.5]", "mean = 127.5", id="one mean for all channels"),
        pytest.param("mean = [127.5, 127.5, 127.5]", "mean = [127.5, 127.5]", id="a mean too few"),
        pytest.param("[128, 128, 128]", "[128, 128, 0]", id="a deviation of zero"),
        pytest.param("thresholds =", "levels =", id="no thresholds"),
        pytest.param("{ score = 0.4,", "{ score = '0.4',", id="a score in quotes"),
        pytest.param("{ score = 0.4,", "{ cosine = 0.4,", id="a threshold without a score"),
        pytest.param(', measured_on = "a guess"', "", id="a threshold measured on nothing"),
    ],
)
def test_a_description_in_another_form_is_refused_by_its_path(folder: Path, right: str, wrong: str) -> None:
    assert right in DESCRIPTION
    (folder / "models.toml").write_text(DESCRIPTION.replace(right, wrong), encoding="utf-8")

    with pytest.raises(PackError, match=r"^pack:description file=.*models\.toml"):
        read_packs(folder / "models.toml")


def test_an_embedder_without_any_threshold_is_refused(folder: Path) -> None:
    without = DESCRIPTION[: DESCRIPTION.index("thresholds = [")] + "thresholds = []\n"
    (folder / "models.toml").write_text(without, encoding="utf-8")

    with pytest.raises(PackError, match=r"^pack:description file=.*models\.toml"):
        read_packs(folder / "models.toml")


@pytest.mark.parametrize(
    "content",
    [b"", b"packs = 3", b'packs = ["mine"]', b"[packs]\nmine = 3", "summary = 'caf\xe9'".encode("latin-1")],
    ids=["empty", "a number", "a list", "a pack that is a number", "not UTF-8"],
)
def test_what_is_no_description_at_all_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_bytes(content)

    with pytest.raises(PackError, match=r"^pack:description file=.*models\.toml"):
        read_packs(path)


def test_a_description_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"^pack:description file=.*models\.toml.*No such file"):
        read_packs(tmp_path / "models.toml")


def test_a_folder_is_known_by_its_own_description(folder: Path) -> None:
    assert pack_in(folder) == MINE


def test_of_several_packs_described_the_one_whose_files_are_here_is_taken(folder: Path) -> None:
    other = DESCRIPTION.replace("packs.mine", "packs.absent").replace("finder.onnx", "absent.onnx")
    (folder / "models.toml").write_text(other + DESCRIPTION, encoding="utf-8")

    assert pack_in(folder) == MINE


@pytest.mark.parametrize("name", ["edgeface", "zoo", "mobilefacenet"])
def test_a_folder_without_a_description_is_known_by_the_files_of_the_catalogue(
    name: str, tmp_path: Path
) -> None:
    expected = read_packs(CATALOGUE)[name]
    for network in expected.own_networks:
        (tmp_path / network.file).write_bytes(b"content is checked elsewhere")

    assert pack_in(tmp_path) == expected


def test_an_incomplete_folder_is_told_what_a_pack_consists_of(folder: Path) -> None:
    (folder / "teller.onnx").unlink()

    with pytest.raises(PackError) as refusal:
        pack_in(folder)

    assert (refusal.value.key, refusal.value.values) == (
        "pack:incomplete",
        {"folder": folder, "wanted": "mine: finder.onnx, teller.onnx"},
    )


def test_an_empty_folder_is_told_of_every_pack_in_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(PackError) as refusal:
        pack_in(tmp_path)

    for name, pack in read_packs(CATALOGUE).items():
        assert f"{name}: {', '.join(network.file for network in pack.own_networks)}" in str(refusal.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"^pack:no_folder folder=.*nowhere"):
        pack_in(tmp_path / "nowhere")


def test_the_right_files_pass(folder: Path) -> None:
    check_files(MINE, folder)


@pytest.mark.parametrize("name", ["finder.onnx", "teller.onnx"])
def test_a_missing_file_is_told_by_name(name: str, folder: Path) -> None:
    (folder / name).unlink()

    with pytest.raises(PackError, match=f"^pack:missing_copy file=.*{name}"):
        check_files(MINE, folder)


@pytest.mark.parametrize("name", ["finder.onnx", "teller.onnx"])
def test_an_altered_file_is_told_by_name(name: str, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(PackError, match=f"^pack:altered_copy file=.*{name}.* pack='mine'$"):
        check_files(MINE, folder)


def test_the_sha256_is_that_of_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")

    # FIPS 180-2, appendix B.1
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("pack", read_packs(CATALOGUE).values(), ids=read_packs(CATALOGUE))
def test_every_pack_in_the_shipped_catalogue_makes_sense(pack: Pack) -> None:
    for network in pack.networks:
        assert len(network.sha256) == 64
        assert set(network.sha256) <= set(string.hexdigits.lower())
        assert network.file == Path(network.file).name
        assert network.size_bytes > 0
        assert network.licence
        assert network.source
        assert network.url == "" or network.url.startswith("https://")
    assert pack.summary
    assert pack.detector.input_px % 32 == 0
    assert 0 < pack.detector.score_threshold < 1
    assert pack.embedder.embedding_size > 0
    assert pack.embedder.channels in {"rgb", "bgr"}
    assert len(pack.embedder.mean) == len(pack.embedder.deviation) == 3
    assert min(pack.embedder.deviation) > 0
    assert pack.embedder.thresholds
    if pack.wheel is not None:
        assert pack.wheel.file.startswith(f"{pack.wheel.package.replace('-', '_')}-{pack.wheel.version}-")
        assert pack.wheel.file.endswith("-any.whl")


@pytest.mark.parametrize("pack", read_packs(CATALOGUE).values(), ids=read_packs(CATALOGUE))
def test_a_stricter_threshold_lets_fewer_in(pack: Pack) -> None:
    measured: dict[str, list[tuple[float, float, float]]] = {}
    pairs = ""
    for entry in pack.embedder.thresholds:
        assert 0 < entry.score < 1
        assert entry.measured_on
        pairs = pairs if entry.measured_on == "the same pairs" else entry.measured_on
        if entry.false_accept_rate is not None and entry.true_accept_rate is not None:
            measured.setdefault(pairs, []).append(
                (entry.score, entry.false_accept_rate, entry.true_accept_rate)
            )

    for entries in measured.values():
        _, false_accepts, true_accepts = zip(*sorted(entries), strict=True)
        assert list(false_accepts) == sorted(false_accepts, reverse=True)
        assert list(true_accepts) == sorted(true_accepts, reverse=True)


def test_the_networks_to_test_with_are_the_ones_described(pack_folder: Path) -> None:
    check_files(pack_in(pack_folder), pack_folder)
