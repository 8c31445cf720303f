"""A folder with a folder of photos for each person: whose they are, and what is left out and why."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from wsgi_app.base.errors import LeftOut, PorteiroError, Unfit
from wsgi_app.base.names import clean_name, name_key
from wsgi_app.commands.folders import walk


@dataclass(frozen=True)
class Omission:
    """A file or a folder that nothing comes of, and why."""

    path: Path
    error: PorteiroError


@dataclass(frozen=True)
class PersonPhotos:
    """One person's photos, and the folders that they lie in, if they were not named one by one."""

    name: str
    folders: list[Path] = field(default_factory=list)
    photos: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Album:
    """Everybody's photos, and all that is not theirs."""

    people: list[PersonPhotos]
    omissions: list[Omission] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many photos there are."""
        return sum(len(person.photos) for person in self.people)


def read_album(root: Path) -> Album:
    """What lies in a folder that has a folder for each person; deeper folders are that person's too.

    Each file counts as a photo, whatever its name: only its bytes tell. Nothing outside the folder is ever
    read. Folders whose names are two spellings of one name are one person's.
    """
    return _AlbumReader(root).read()


class _AlbumReader:
    def __init__(self, root: Path):
        self._root, self._inside = root, os.path.realpath(root)
        self._people: dict[str, PersonPhotos] = {}
        self._omissions: list[Omission] = []

    def read(self) -> Album:
        with_photos = set[Path]()
        for path in walk(self._root, self._enters, self._fails):
            try:
                self._check(path)
            except LeftOut as error:
                self._omissions.append(Omission(path, error))
            else:
                folder = self._root / path.relative_to(self._root).parts[0]
                self._people[name_key(clean_name(folder.name))].photos.append(path)
                with_photos.add(folder)
        self._name_those_without(with_photos)
        return Album(list(self._people.values()), self._omissions)

    def _name_those_without(self, with_photos: set[Path]) -> None:
        named = with_photos | {omission.path for omission in self._omissions}
        folders = [folder for person in self._people.values() for folder in person.folders]
        self._omissions += [Omission(it, LeftOut("no_photo")) for it in folders if it not in named]

    def _enters(self, folder: Path) -> bool:
        try:
            _refuse_hidden(folder)
            if folder.parent == self._root:
                name = clean_name(folder.name)
                self._people.setdefault(name_key(name), PersonPhotos(name)).folders.append(folder)
        except (LeftOut, Unfit) as error:
            self._omissions.append(Omission(folder, error))
            return False
        return True

    def _fails(self, folder: Path, error: OSError) -> None:
        self._omissions.append(Omission(folder, LeftOut("unreadable", why=error.strerror or str(error))))

    def _check(self, path: Path) -> None:
        _refuse_hidden(path)
        try:
            target = Path(os.path.realpath(path, strict=True))
            mode = target.stat().st_mode
        except OSError as error:
            raise LeftOut("unreadable", why=error.strerror or str(error)) from error
        if not target.is_relative_to(self._inside):
            raise LeftOut("link_outside")
        if stat.S_ISDIR(mode):
            raise LeftOut("link_to_folder")
        if path.parent == self._root:
            raise LeftOut("in_no_folder")
        if not stat.S_ISREG(mode):
            raise LeftOut("not_a_file")


def _refuse_hidden(path: Path) -> None:
    if path.name.startswith("."):
        raise LeftOut("hidden")
