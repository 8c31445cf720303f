from pathlib import Path

import pytest

from bench.labelled import BadPairs, read_pairs

PHOTOS = (
    "Ana/Ana_0001.jpg",
    "Ana/Ana_0012.JPG",
    "Bo Li/Bo Li_0001.png",
    "Bo Li/Bo Li_0002.WebP",
    "Cy/Cy_0001.jpeg",
)
ANA_1, ANA_12, BO_1, BO_2, CY_1 = PHOTOS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of three people, in LFW's layout."""
    folder = tmp_path / "photos"
    for photo in PHOTOS:
        path = folder / photo
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def read(folder: Path, text: str) -> list[tuple[str, str, bool, int]]:
    """What is read from a pairs file, as paths below the folder, whether the same, and the fold."""
    file = folder.with_name("pairs.txt")
    file.write_bytes(text.encode())
    pairs = read_pairs(folder, file)
    return [
        (
            pair.first.relative_to(folder).as_posix(),
            pair.second.relative_to(folder).as_posix(),
            pair.same,
            pair.fold,
        )
        for pair in pairs
    ]


def refusal(folder: Path, text: str | bytes) -> str:
    """Why a pairs file is refused, without the name of the file."""
    file = folder.with_name("pairs.txt")
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadPairs) as refused:
        read_pairs(folder, file)
    named, message = str(refused.value).split(", ", 1)
    assert named == str(file)
    return message.replace(f"{folder}/", "")


TWO_FOLDS = """\
2\t1
Ana\t1\t12
Ana\t1\tBo Li\t1
Bo Li\t1\t2
Ana\t12\tCy\t0001
"""
READ_TWO_FOLDS = [
    (ANA_1, ANA_12, True, 0),
    (ANA_1, BO_1, False, 0),
    (BO_1, BO_2, True, 1),
    (ANA_12, CY_1, False, 1),
]


@pytest.mark.parametrize(
    "text", [TWO_FOLDS, TWO_FOLDS + "\n\n", TWO_FOLDS.replace("\n", "\r\n"), "\ufeff" + TWO_FOLDS]
)
def test_the_pairs_of_each_fold_are_genuine_first(folder: Path, text: str) -> None:
    assert read(folder, text) == READ_TWO_FOLDS


def test_one_number_is_one_fold_and_spaces_part_too(folder: Path) -> None:
    text = "2\nAna 1 12\nCy 1 1\nAna 1 Cy 1\nCy  1  Ana  12"

    assert read(folder, text) == [
        (ANA_1, ANA_12, True, 0),
        (CY_1, CY_1, True, 0),
        (ANA_1, CY_1, False, 0),
        (CY_1, ANA_12, False, 0),
    ]


def test_of_a_photo_in_two_formats_the_jpeg_counts(folder: Path) -> None:
    for suffix in (".webp", ".png", ".txt"):
        (folder / ANA_1).with_suffix(suffix).touch()

    assert read(folder, TWO_FOLDS) == READ_TWO_FOLDS


def test_a_csv_file_may_have_further_columns(folder: Path) -> None:
    rows = [
        f"x,{ANA_12},{ANA_1},1",
        "",
        f"y,{BO_1},{ANA_1},0",
        f"z,{CY_1},{CY_1},TRUE",
        f",{CY_1},{ANA_1},False",
    ]
    text = "\n".join(["kind,b,a,same", *rows])

    assert read(folder, text) == [
        (ANA_1, ANA_12, True, 0),
        (ANA_1, BO_1, False, 0),
        (CY_1, CY_1, True, 1),
        (ANA_1, CY_1, False, 1),
    ]


def test_each_kind_goes_round_ten_folds(folder: Path) -> None:
    text = "a,b,same\n" + f"{ANA_1},{ANA_12},1\n{ANA_1},{CY_1},0\n" * 12

    pairs = read(folder, text)

    assert [fold for _, _, same, fold in pairs if same] == [*range(10), 0, 1]
    assert [fold for _, _, same, fold in pairs if not same] == [*range(10), 0, 1]


GENUINE, IMPOSTOR = (
    "here should be a genuine pair, NAME N N.",
    "here should be an impostor pair, NAME N OTHER N.",
)
NEITHER = 'line 1: this is neither "FOLDS PAIRS", as in LFW\'s pairs.txt, nor "a,b,same".'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", NEITHER),
        ("ten\t300\n", NEITHER),
        ("0\t300\n", NEITHER),
        ("-1\n", NEITHER),
        ("10\t300\t2\n", NEITHER),
        ("a\tb\tsame\n", NEITHER),
        (b"\x89PNG\r\n\x1a\n", "line 1: this is not UTF-8 text."),
        (b"1\t1\nAna\t1\t12\nJos\xe9\t1\tAna\t1\n", "line 3: this is not UTF-8 text."),
        ("1\nAna\t1\tCy\t1\nAna\t1\t12", f"line 2: {GENUINE}"),
        ("1\nAna\t1\t12\nAna\t1\t12", f"line 3: {IMPOSTOR}"),
        ("1\nAna\t1\ttwo\nAna\t1\tCy\t1", f"line 2: {GENUINE}"),
        ("1\nAna\t1\t-1\nAna\t1\tCy\t1", f"line 2: {GENUINE}"),
        ("1\n\nAna\t1\t12\nAna\t1\tCy\t1", f"line 2: {GENUINE}"),
        ("1\nBo Li 1 2\nAna 1 Cy 1", f"line 2: {GENUINE}"),
        ("1\nAna\t1\t12\n\t1\tCy\t1", f"line 3: {IMPOSTOR}"),
        ("2\t1\nAna\t1\t12\nAna\t1\tCy\t1", "line 3: the first line says 4 pairs, and there are 2."),
        ("1\nAna\t1\t12\nAna\t1\tCy\t1\nCy\t1\t1", "line 4: the first line says 2 pairs, and there are 3."),
        (
            "1\nAna\t1\t2\nAna\t1\tCy\t1",
            "line 2: there is no photo Ana/Ana_0002.jpg (nor .jpeg, .png, .webp).",
        ),
        (
            "1\nAna\t1\t12\nAna\t1\tDee\t1",
            "line 3: there is no photo Dee/Dee_0001.jpg (nor .jpeg, .png, .webp).",
        ),
        ("a,b\n", "line 1: here should be the header a,b,same."),
        (f"{ANA_1},{CY_1},0", "line 1: here should be the header a,b,same."),
        ("a,b,same\n", "line 1: up to here there is no genuine pair."),
        (f"a,b,same\n{ANA_1},{ANA_12},1", "line 2: up to here there is no impostor pair."),
        (f"a,b,same\n{ANA_1},{CY_1},0\n{ANA_1}", "line 3: here should be a,b,same."),
        (f"a,b,same\n{ANA_1},,1", "line 2: here should be a,b,same."),
        (f"a,b,same\n{ANA_1},{CY_1},maybe", "line 2: same is 1 or 0, and 'maybe' is neither."),
        ("a,b,same\nAna/Ana_0002.jpg,Ana,1", "line 2: there is no photo Ana/Ana_0002.jpg."),
        (f"a,b,same\n{ANA_1},Ana,1", "line 2: there is no photo Ana."),
        (f'a,b,same\n{ANA_1},{ANA_12},1\n"{ANA_1},Ana,1', "line 3: unexpected end of data"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(folder: Path, text: str | bytes, message: str) -> None:
    assert refusal(folder, text) == message
