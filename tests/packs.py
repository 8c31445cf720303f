"""Packs made up for tests: their files, the catalogue that knows them, and a server that has them."""

import hashlib
import io
import os
import random
import re
import zipfile
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wsgi_app.base.errors import PackError
from wsgi_app.base.sentences import Place
from wsgi_app.house import models
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision import packs as vision_packs
from wsgi_app.vision.packs import Wheel

# Larger than a few of the pieces in which a download is written.
EMBEDDER_BYTES = 900_000


def made_up_bytes(name: str, size: int) -> bytes:
    return random.Random(name).randbytes(size)


# What the files of the made-up packs hold.
CONTENTS = {
    "detector.onnx": made_up_bytes("detector", 1000),
    "embedded.onnx": made_up_bytes("embedded", 2000),
    "zoo.onnx": made_up_bytes("zoo", EMBEDDER_BYTES),
    "other.onnx": made_up_bytes("other", 3000),
}


def described_network(file: str, url: str, rough_bytes: int | None = None) -> str:
    content = CONTENTS[file]
    return f"""
file = "{file}"
sha256 = "{hashlib.sha256(content).hexdigest()}"
size_bytes = {len(content) if rough_bytes is None else rough_bytes}
size_is_rough = {"false" if rough_bytes is None else "true"}
licence = "MIT"
source = "made up for this test"
{f'url = "{url}/{file}"' if url else ""}
"""


def described_pack(
    name: str,
    url: str = "",
    wheel: Wheel | None = None,
    *,
    shares: bool = False,
    rough_bytes: int | None = None,
) -> str:
    """A pack for models.toml, whose embedder's file is named after it.

    Args:
        name: its own.
        url: of the folder that has its files.
        wheel: that has them too.
        shares: whether its detector is that of the pack ``embedded``.
        rough_bytes: what is guessed of the embedder's size, where that is not known.
    """
    detector = f"""
[packs.{name}.detector]
{described_network("detector.onnx", url)}
input_px = 640
score_threshold = 0.7
"""
    return f"""
[packs.{name}]
summary = "the {name} pack"
{'detector = "embedded"' if shares else ""}
{described_wheel(name, wheel) if wheel else ""}
{"" if shares else detector}
[packs.{name}.embedder]
{described_network(f"{name}.onnx", url, rough_bytes)}
embedding_size = 128
channels = "rgb"
mean = [0, 0, 0]
deviation = [1, 1, 1]
thresholds = [{{ score = 0.4, measured_on = "nothing" }}]
"""


def described_wheel(name: str, wheel: Wheel) -> str:
    lines = (f"{key} = {value!r}\n" for key, value in asdict(wheel).items())
    return f"[packs.{name}.wheel]\n{''.join(lines)}"


def wheel_bytes(members: dict[str, bytes]) -> bytes:
    """A wheel of the package made-up-models 1.0, which says that it needs another package."""
    packed = io.BytesIO()
    about = "made_up_models-1.0.dist-info"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(
            f"{about}/METADATA",
            "Metadata-Version: 2.1\nName: made-up-models\nVersion: 1.0\nRequires-Dist: another-package\n",
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return packed.getvalue()


def wheel_of(content: bytes) -> Wheel:
    """How a models.toml describes such a wheel."""
    return Wheel(
        package="made-up-models",
        version="1.0",
        file=WHEEL,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        folder="made_up/models",
    )


def pip_knows(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Let pip have these settings and no others: ``find_links`` or ``index_url``."""
    for name in os.environ:
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    own = {"config_file": os.devnull, "no_cache_dir": "1", "retries": "0", **settings}
    if "index_url" not in own:
        own["no_index"] = "1"
    for name, value in own.items():
        monkeypatch.setenv(f"PIP_{name.upper()}", value)


def put(folder: Path, *files: str) -> Path:
    """Put the right files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_bytes(CONTENTS[file])
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def right(*files: str) -> dict[str, bytes]:
    return {file: CONTENTS[file] for file in files}


ZOO = right("detector.onnx", "zoo.onnx")

WHEEL = "made_up_models-1.0-py3-none-any.whl"
ZOO_WHEEL = wheel_bytes({f"made_up/models/{file}": content for file, content in ZOO.items()})


def in_terminal(error: PackError) -> str:
    """What the owner is told of it."""
    return sentence(error, Place.TERMINAL)


class FileServer(ThreadingHTTPServer):
    """Serves files on this machine, and can be told to do it badly."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FileHandler)
        self.files = dict(CONTENTS)
        self.knows_ranges = True
        self.cut_off_after: dict[str, int] = {}
        self.asked: list[tuple[str, str | None]] = []

    def offer(self, wheel: bytes) -> str:
        """Be a package index that has this wheel; gives its address."""
        self.files[WHEEL] = wheel
        self.files["simple/made-up-models/"] = f'<a href="/{WHEEL}">{WHEEL}</a>'.encode()
        return f"{self.url}/simple"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class FileHandler(BaseHTTPRequestHandler):
    """Answers GET with a file or its rest."""

    server: FileServer

    def do_GET(self) -> None:
        name, asked_range = self.path.removeprefix("/"), self.headers["Range"]
        self.server.asked.append((name, asked_range))
        content = self.server.files.get(name)
        if content is None:
            self.send_error(404)
            return
        first = self._first_byte(asked_range)
        if first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Type", "text/html" if name.endswith("/") else "application/octet-stream")
        self.send_header("Content-Length", str(len(content) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[first : self.server.cut_off_after.pop(name, len(content))])

    def log_message(self, *args: object) -> None:
        """Keep quiet."""

    def _first_byte(self, asked_range: str | None) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", asked_range or "")
        return int(found[1]) if found and self.server.knows_ranges else 0


def use_catalogue(monkeypatch: pytest.MonkeyPatch, folder: Path, *described: str) -> None:
    """Let these packs be the ones known by name."""
    folder.mkdir(exist_ok=True)
    path = folder / "models.toml"
    path.write_text("".join(described))
    monkeypatch.setattr(models, "CATALOGUE", path)
    monkeypatch.setattr(vision_packs, "CATALOGUE", path)
