"""Changes that are cut off, and those that another process takes back."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.galleries import SHARP, vector
from tests.houses import open_new_database
from wsgi_app.base.deeds import Deed
from wsgi_app.base.limits import Limits
from wsgi_app.base.sources import random_id, utc_now
from wsgi_app.stores.database import open_database
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.stores import Stores, stores_over

# Removes a face of somebody, and is killed inside of the change or after it, or takes one back.
WORKER = """
import os, signal, sys
from pathlib import Path
from tests.wsgi_app.stores.test_changes import opened
from wsgi_app.base.deeds import Deed
folder, person, face, when = sys.argv[1:]
with opened(Path(folder)) as stores:
    if when == "undo":
        stores.changes.take_back(face)
        os.kill(os.getpid(), signal.SIGKILL)
    with stores.changes.record(Deed.FACE_REMOVED, person, [person]) as made:
        stores.faces.remove(person, face)
        if when == "inside":
            os.kill(os.getpid(), signal.SIGKILL)
    print(made.change.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def opened(folder: Path) -> Iterator[Stores]:
    """The house in a folder, as any process opens it."""
    database = open_database(f"sqlite:///{folder}/porteiro.db")
    yield stores_over(database, PhotoStore(folder / "photos"), utc_now, random_id, Limits())
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty house."""
    open_new_database(tmp_path / "porteiro.db").close()
    return tmp_path


def killed(folder: Path, person: str, face: str, when: str) -> str:
    """What a process says before it is killed."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(folder), person, face, when],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.strip()


def test_a_change_that_is_killed_was_never_made_and_one_that_is_made_is_taken_back_by_anybody(
    folder: Path,
) -> None:
    with opened(folder) as stores:
        ana = stores.people.add("Ana").id
        face = stores.faces.add(ana, b"the crop", SHARP, Embedding("e1", vector(1.0)))
        assert killed(folder, ana, face.id, "inside") == ""
        assert stores.faces.of(ana) == [face]

        change = killed(folder, ana, face.id, "after")
        assert stores.faces.of(ana) == []
        assert stores.changes.get(change).deed is Deed.FACE_REMOVED

        killed(folder, ana, change, "undo")
        assert stores.faces.of(ana) == [face]
        assert stores.photos.read(face.crop) == b"the crop"
        assert [row.vector.tolist() for row in stores.gallery.rows("e1").faces] == [vector(1.0).tolist()]
