"""Pairs of photos with the answer: LFW's ``pairs.txt``, or a CSV file ``a,b,same``."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.errors import Failure

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")  # where a photo is there twice, the first of these counts
COLUMNS = ("a", "b", "same")
ANSWERS = {"1": True, "true": True, "0": False, "false": False}
CSV_FOLDS = 10

# The lines of LFW's form, their fields parted by one tab each.
SIZES = re.compile(r"(?:([1-9]\d{0,5})\t)?([1-9]\d{0,5})", re.ASCII)
GENUINE = re.compile(r"(?P<name>[^\t]+)\t(\d{1,6})(?P<other>)\t(\d{1,6})", re.ASCII)
IMPOSTOR = re.compile(r"(?P<name>[^\t]+)\t(\d{1,6})\t(?P<other>[^\t]+)\t(\d{1,6})", re.ASCII)

FindPhoto = Callable[[str, str], Path]


@dataclass(frozen=True)
class LabelledPair:
    """Two photos, and whether they show one person.

    Attributes:
        first: a file.
        second: a file.
        same: whether the pair is genuine.
        fold: the number of its fold, from 0 on.
    """

    first: Path
    second: Path
    same: bool
    fold: int


class BadPairs(Failure):
    """A pairs file cannot be used; the message names the file and the line."""

    def __init__(self, file: Path, line: int, what: str):
        super().__init__(f"{file}, line {line}: {what}")


def read_pairs(folder: Path, file: Path) -> list[LabelledPair]:
    """Read a pairs file of either form; a comma in the first line makes it CSV.

    Args:
        folder: of the photos, ``Name/Name_0001.jpg`` for LFW's form.
        file: UTF-8 text.

    Raises:
        BadPairs: it has neither form, names a photo that is not there, or holds one kind of pairs only.
        OSError: it cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").rstrip().split("\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadPairs(file, line, "this is not UTF-8 text.") from error
    read = _read_csv if "," in lines[0] else _read_lfw
    pairs = list(read(folder, file, lines))
    for same, kind in ((True, "genuine"), (False, "impostor")):
        if all(pair.same is not same for pair in pairs):
            raise BadPairs(file, len(lines), f"up to here there is no {kind} pair.")
    return pairs


def _read_lfw(folder: Path, file: Path, lines: list[str]) -> Iterator[LabelledPair]:
    sizes = SIZES.fullmatch(_tabbed(lines[0]))
    if sizes is None:
        raise BadPairs(file, 1, 'this is neither "FOLDS PAIRS", as in LFW\'s pairs.txt, nor "a,b,same".')
    folds, each = int(sizes[1] or 1), int(sizes[2])
    whole = 2 * folds * each
    photo = _photos_of(folder)
    for number, line in enumerate(lines[1 : whole + 1]):
        same = number % (2 * each) < each
        try:
            yield LabelledPair(*_lfw_photos(line, photo, same=same), same, number // (2 * each))
        except ValueError as error:
            raise BadPairs(file, number + 2, str(error)) from error
    if len(lines) - 1 != whole:
        last = min(len(lines), whole + 2)
        raise BadPairs(file, last, f"the first line says {whole} pairs, and there are {len(lines) - 1}.")


def _lfw_photos(line: str, photo: FindPhoto, *, same: bool) -> tuple[Path, Path]:
    fields = (GENUINE if same else IMPOSTOR).fullmatch(_tabbed(line))
    if fields is None:
        form = "a genuine pair, NAME N N" if same else "an impostor pair, NAME N OTHER N"
        raise ValueError(f"here should be {form}.")
    return photo(fields["name"], fields[2]), photo(fields["other"] or fields["name"], fields[4])


def _photos_of(folder: Path) -> FindPhoto:
    @cache
    def files_of(name: str) -> dict[str, Path]:
        found = [path for path in (folder / name).glob("*") if path.suffix.lower() in SUFFIXES]
        found.sort(key=lambda path: SUFFIXES.index(path.suffix.lower()), reverse=True)
        return {path.stem: path for path in found}

    def photo(name: str, number: str) -> Path:
        stem = f"{name}_{int(number):04d}"
        if stem not in files_of(name):
            raise ValueError(f"there is no photo {folder / name / stem}.jpg (nor {', '.join(SUFFIXES[1:])}).")
        return files_of(name)[stem]

    return photo


def _tabbed(line: str) -> str:
    fields = line.split("\t") if "\t" in line else line.split()
    return "\t".join(field.strip() for field in fields)


def _read_csv(folder: Path, file: Path, lines: list[str]) -> Iterator[LabelledPair]:
    rows = csv.DictReader(lines, strict=True)
    numbers = {True: 0, False: 0}  # each kind goes round by itself: a fold of one kind says little
    try:
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise ValueError(f"here should be the header {','.join(COLUMNS)}.")  # noqa: TRY301
        for row in rows:
            first, second, same = _csv_pair(folder, row)
            yield LabelledPair(first, second, same, numbers[same] % CSV_FOLDS)
            numbers[same] += 1
    except (ValueError, csv.Error) as error:
        raise BadPairs(file, rows.reader.line_num, str(error)) from error


def _csv_pair(folder: Path, row: dict[str, str | None]) -> tuple[Path, Path, bool]:
    first, second, answer = (row[column] for column in COLUMNS)
    if not first or not second or answer is None:
        raise ValueError(f"here should be {','.join(COLUMNS)}.")
    if answer.strip().lower() not in ANSWERS:
        raise ValueError(f"same is 1 or 0, and {answer!r} is neither.")
    for photo in (first, second):
        if not (folder / photo).is_file():
            raise ValueError(f"there is no photo {folder / photo}.")
    return folder / first, folder / second, ANSWERS[answer.strip().lower()]
