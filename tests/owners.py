"""Somebody at the command line, and what they read there."""

import os
import re
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from tests.houses import settings_in, stores_of
from wsgi_app.cli import main
from wsgi_app.stores.stores import Stores
from wsgi_app.vision import packs as vision_packs
from wsgi_app.vision.packs import pack_in

PACK = "mine"


@dataclass
class Owner:
    """Somebody at the command line of a house of their own."""

    settings: dict[str, str]

    def types(self, *words: str | Path) -> Result:
        env = {**dict.fromkeys(settings_in(os.environ)), **self.settings}
        return CliRunner().invoke(main, [str(word) for word in words], env=env)

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

    def house(self) -> AbstractContextManager[Stores]:
        """What is kept, to look at."""
        return stores_of(self.settings)

    def enrolled(self) -> dict[str, int]:
        """Everybody's name and how many faces they have."""
        with self.house() as stores:
            return {person.name: person.faces for person in stores.people.page(100)}


def without_progress(text: str) -> str:
    """What is said on standard error beside the progress bars."""
    return "".join(line for line in text.splitlines(keepends=True) if not re.search("[━╸╺]", line)).strip()


def listed(said: str) -> list[list[str]]:
    """The rows of a table, as columns."""
    return [re.split(r" {2,}", line.strip()) for line in said.splitlines()]


def renamed_pack(source: Path, folder: Path, name: str) -> Path:
    """A copy of a pack's files with a description of its own that calls it otherwise."""
    pack = pack_in(source)
    folder.mkdir(parents=True)
    for network in pack.own_networks:
        shutil.copyfile(source / network.file, folder / network.file)
    own = source / "models.toml"
    described = (own if own.is_file() else vision_packs.CATALOGUE).read_text(encoding="utf-8")
    sections = re.findall(rf"(?ms)^\[packs\.{pack.name}[.\]].*?(?=^\[|\Z)", described)
    (folder / "models.toml").write_text(
        "".join(sections).replace(f"[packs.{pack.name}", f"[packs.{name}"), encoding="utf-8"
    )
    return folder
