"""The lab's notes: in their order, so many and no more, whoever adds them at once."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from wsgi_app.base.errors import ConfigError, Conflict, NotFound, Unavailable
from wsgi_app.base.sources import random_id
from wsgi_app.stores.notes import MOST_NOTES, Note, Notebook, NoteStore

NOWHERE = Path("/proc")  # where not even root can make a file


@pytest.fixture
def store(tmp_path: Path) -> Iterator[NoteStore]:
    """An empty notebook, whose notes are called 1, 2, 3."""
    notebook, numbers = Notebook(tmp_path / "lab.db"), count(1)
    yield NoteStore(notebook, lambda: str(next(numbers)))
    notebook.close()


def test_notes_are_listed_in_the_order_in_which_they_were_made(store: NoteStore) -> None:
    assert store.all() == []
    assert [store.add(text) for text in ("one", "two", "three")] == [
        Note("1", "one"),
        Note("2", "two"),
        Note("3", "three"),
    ]

    store.remove("2")
    store.add("four")

    assert store.all() == [Note("1", "one"), Note("3", "three"), Note("4", "four")]


def test_a_note_is_read_replaced_and_removed_by_its_id(store: NoteStore) -> None:
    store.add("one")
    store.add("two")

    assert store.get("1") == Note("1", "one")
    assert store.replace("1", "Olá, 안녕\n\t<b>") == Note("1", "Olá, 안녕\n\t<b>")
    assert store.get("1") == Note("1", "Olá, 안녕\n\t<b>")
    store.remove("1")

    assert store.all() == [Note("2", "two")]


def test_a_note_that_is_not_there_can_be_neither_read_nor_replaced_nor_removed(store: NoteStore) -> None:
    store.add("one")

    with pytest.raises(NotFound, match="not_found:note"):
        store.get("2")
    with pytest.raises(NotFound, match="not_found:note"):
        store.replace("2", "two")
    with pytest.raises(NotFound, match="not_found:note"):
        store.remove("2")
    assert store.all() == [Note("1", "one")]


def test_a_full_notebook_takes_another_note_once_one_is_removed(store: NoteStore) -> None:
    for _ in range(MOST_NOTES):
        store.add("again")

    with pytest.raises(Conflict) as refused:
        store.add("too many")
    assert (refused.value.key, refused.value.values) == ("full", {"most": MOST_NOTES})
    assert len(store.all()) == MOST_NOTES
    store.remove("1")
    store.add("fits")
    assert store.all()[-1].text == "fits"
    assert len(store.all()) == MOST_NOTES


# Several at once

ADDER = """
import sys
from pathlib import Path
from wsgi_app.base.errors import Conflict
from wsgi_app.base.sources import random_id
from wsgi_app.stores.notes import Notebook, NoteStore
store = NoteStore(Notebook(Path(sys.argv[1])), random_id)
print("open", flush=True)
sys.stdin.readline()
added = 0
for _ in range(60):
    try:
        store.add(sys.argv[2])
        added += 1
    except Conflict:
        pass
print(added, flush=True)
"""


def adder(path: Path, text: str) -> subprocess.Popen[str]:
    """A process that opens a notebook, and adds 60 notes when told to; says for how many there was room."""
    return subprocess.Popen(
        [sys.executable, "-c", ADDER, path, text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_two_processes_fill_a_new_notebook_together_and_no_more_than_that(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with adder(path, "one") as one, adder(path, "other") as other:
        assert one.stdout is not None
        assert other.stdout is not None
        assert (one.stdout.readline(), other.stdout.readline()) == ("open\n", "open\n")
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        added = {"one": int(one.stdout.readline()), "other": int(other.stdout.readline())}

    notebook = Notebook(path)
    texts = [note.text for note in NoteStore(notebook, random_id).all()]
    notebook.close()
    assert {text: texts.count(text) for text in added} == added
    assert sum(added.values()) == MOST_NOTES


def test_threads_that_add_at_once_lose_nothing(store: NoteStore) -> None:
    texts = [f"note {number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(store.add, texts))

    assert sorted(note.text for note in made) == sorted(texts)
    assert sorted(store.all(), key=lambda note: note.id) == sorted(made, key=lambda note: note.id)


# Opening


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "lab.db"
    for text in ("one", "two"):
        notebook = Notebook(path)
        NoteStore(notebook, random_id).add(text)
        notebook.close()

    notebook = Notebook(path)
    assert [note.text for note in NoteStore(notebook, random_id).all()] == ["one", "two"]
    notebook.close()


def test_before_it_is_needed_nothing_is_touched(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path / "data" / "lab.db")
    untouched = list(tmp_path.iterdir())
    notes = NoteStore(notebook, random_id).all()
    notebook.close()

    assert (untouched, notes) == ([], [])
    assert (tmp_path / "data" / "lab.db").exists()


def refusal_of(path: Path) -> tuple[str, str]:
    """What is said of a notebook that cannot be opened: to whoever asks, and in the log."""
    notebook = Notebook(path)
    with pytest.raises(Unavailable) as refused:
        NoteStore(notebook, random_id).all()
    notebook.close()
    assert isinstance(refused.value.__cause__, ConfigError)
    return refused.value.key, str(refused.value.__cause__).partition(" (")[0]


def what_to_do(path: Path) -> tuple[str, str]:
    return (
        "unavailable:notebook",
        f"PORTEIRO_DATA: the lab's database {path} cannot be opened; let this user write there, or turn the "
        "lab off with PORTEIRO_LAB=0.",
    )


@pytest.mark.parametrize("below", ["lab.db", "folder/lab.db"])
def test_a_notebook_below_a_file_is_refused_with_what_to_do(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / below

    assert refusal_of(path) == what_to_do(path)


def test_a_notebook_where_a_folder_is_can_be_opened_once_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    path.mkdir()
    notebook = Notebook(path)
    with pytest.raises(Unavailable):
        NoteStore(notebook, random_id).add("one")
    path.rmdir()

    assert refusal_of(tmp_path) == what_to_do(tmp_path)
    assert NoteStore(notebook, lambda: "1").add("one") == Note("1", "one")
    notebook.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    path.write_bytes(b"a letter to Ana, and not a database at all; " * 100)

    assert refusal_of(path) == what_to_do(path)
    assert path.read_bytes() == b"a letter to Ana, and not a database at all; " * 100


@pytest.mark.parametrize("path", [NOWHERE / "lab.db", NOWHERE / "new" / "lab.db"], ids=str)
def test_a_folder_that_nobody_can_write_is_refused_with_what_to_do(path: Path) -> None:
    assert refusal_of(path) == what_to_do(path)
