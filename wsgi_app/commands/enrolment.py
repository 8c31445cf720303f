"""Enrols everybody of an album, and tells what became of each photo."""

import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn

from wsgi_app.base.errors import ContentTooLarge, LeftOut, RequestError, UnsupportedMediaType
from wsgi_app.base.faces import Objection
from wsgi_app.base.limits import UploadLimits
from wsgi_app.base.sentences import Place
from wsgi_app.commands import counted, progress_bar
from wsgi_app.commands.album import Album, Omission
from wsgi_app.commands.folders import printable_path
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.kinds import begins_as_picture

ALREADY_THEIRS = "duplicate:own"


@dataclass(frozen=True)
class AlbumEnrolment:
    """What became of an album.

    Attributes:
        album: as it was read.
        enrolled: how many photos of each person, by name; those of nobody are not in it.
        known: how many they had already, likewise.
        refused: the photos that were not.
    """

    album: Album
    enrolled: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    refused: list[Omission] = field(default_factory=list)

    def add_refusal(self, name: str, omission: Omission) -> None:
        """Count a photo of a person that was not enrolled, or that needed not to be."""
        if omission.error.key == ALREADY_THEIRS:
            self.known[name] += 1
        else:
            self.refused.append(omission)

    @property
    def left_out(self) -> list[Omission]:
        """What of the album was no photo, and whoever has no photo that could be enrolled."""
        without = [
            person
            for person in self.album.people
            if person.photos and person.name not in self.enrolled | self.known
        ]
        folders = [folder for person in without for folder in person.folders]
        return [*self.album.omissions, *(Omission(folder, LeftOut("none_enrolled")) for folder in folders)]

    @property
    def in_words(self) -> str:
        """Such as ``2 people, 3 photos enrolled; 2 left out: 1 hidden, 1 no face``."""
        people = counted(len(self.enrolled), "person", "people")
        line = f"{people}, {counted(self.enrolled.total(), 'photo')} enrolled"
        if self.known:
            line += f", {self.known.total()} there already"
        reasons = Counter(omission.error.code for omission in [*self.refused, *self.left_out])
        if not reasons:
            return line
        each = ", ".join(f"{number} {code.replace('_', ' ')}" for code, number in reasons.most_common())
        return f"{line}; {reasons.total()} left out: {each}"

    @property
    def shortfall(self) -> str:
        """How much was refused or left out, as a sentence; empty where nothing was."""
        refused = f"{len(self.refused)} of {self.album.size} photos were refused"
        left_out = f"{counted(len(self.left_out), 'file or folder', 'files and folders')} left out"
        parts = [refused] * bool(self.refused) + [left_out] * bool(self.left_out)
        return f"{', '.join(parts)}." if parts else ""


def enrol_album(enroller: Enroller, album: Album, accept: frozenset[Objection]) -> AlbumEnrolment:
    """Enrol every photo that can be, with a progress bar."""
    result = AlbumEnrolment(album)
    with progress_bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("Enrolling", total=album.size)
        for person in album.people:
            for photo in person.photos:
                try:
                    _enrol_photo(enroller, person.name, photo, accept)
                    result.enrolled[person.name] += 1
                except (LeftOut, RequestError) as error:
                    result.add_refusal(person.name, Omission(photo, error))
                progress.advance(task)
    return result


def tell_omissions(verb: str, omissions: Iterable[Omission]) -> None:
    """Say on standard error why nothing came of each of these."""
    for omission in omissions:
        reason = sentence(omission.error, Place.TERMINAL)
        click.echo(f"{verb} {printable_path(omission.path)}: {reason}", err=True)


def tell_shared_names(album: Album) -> None:
    """Say on standard error which folders are of one person, being two spellings of one name."""
    for person in album.people:
        if len(person.folders) > 1:
            folders = " and ".join(map(printable_path, person.folders))
            click.echo(f"{folders} are one name: the photos in them are {person.name}'s.", err=True)


def _enrol_photo(enroller: Enroller, name: str, photo: Path, accept: frozenset[Objection]) -> None:
    # Whoever is new is added together with the face, or not at all: nobody else meets them without one.
    data, stores = _read_photo(photo, UploadLimits.photo_bytes), enroller.stores
    known = stores.people.named(name)
    seen = enroller.look(data)
    (others,) = enroller.others([seen], known.id if known else "")
    with stores.database.write():
        person = stores.people.named(name) or stores.people.add(name)
        enroller.keep(seen, Candidate(person.id, data, accept=accept), others)


def _read_photo(photo: Path, most_bytes: int) -> bytes:
    try:
        status = photo.stat()
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for whoever writes into it
            raise LeftOut("not_a_file")
        if status.st_size > most_bytes:
            raise ContentTooLarge("too_large:photo", bytes=most_bytes)
        data = photo.read_bytes()
    except OSError as error:
        raise LeftOut("unreadable", why=error.strerror or str(error)) from error
    if not begins_as_picture(data):
        raise UnsupportedMediaType("unsupported_media_type:picture")
    return data
