import hashlib
import random
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import PackError
from wsgi_app.base.sentences import Place
from wsgi_app.house import models
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision import packs as vision_packs

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


def described_network(file: str, url: str) -> str:
    content = CONTENTS[file]
    return f"""
file = "{file}"
sha256 = "{hashlib.sha256(content).hexdigest()}"
size_bytes = {len(content)}
licence = "MIT"
source = "made up for this test"
{f'url = "{url}/{file}"' if url else ""}
"""


def described_pack(name: str, url: str = "") -> str:
    """A pack for models.toml, whose embedder's file is named after it."""
    return f"""
[packs.{name}]
summary = "the {name} pack"
[packs.{name}.detector]
{described_network("detector.onnx", url)}
input_px = 640
score_threshold = 0.7
[packs.{name}.embedder]
{described_network(f"{name}.onnx", url)}
embedding_size = 128
channels = "rgb"
mean = [0, 0, 0]
deviation = [1, 1, 1]
thresholds = [{{ score = 0.4, measured_on = "nothing" }}]
"""


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

COPY_ANEW = "Copy it anew from where the pack came from; `porteiro models use NAME` takes another pack."


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
        self.send_response(206 if first else 200)
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


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FileServer() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def use_catalogue(monkeypatch: pytest.MonkeyPatch, folder: Path, *described: str) -> None:
    """Let these packs be the ones known by name."""
    folder.mkdir(exist_ok=True)
    path = folder / "models.toml"
    path.write_text("".join(described))
    monkeypatch.setattr(models, "CATALOGUE", path)
    monkeypatch.setattr(vision_packs, "CATALOGUE", path)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for the one shipped with Porteiro; none of its packs is here yet."""
    folder = tmp_path / "shipped"
    use_catalogue(monkeypatch, folder, *map(described_pack, ("embedded", "zoo", "other")))
    return folder


@pytest.fixture
def online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FileServer) -> FileServer:
    """A server that has the files of the zoo pack."""
    use_catalogue(monkeypatch, tmp_path / "shipped", described_pack("zoo", server.url))
    return server


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path / "data")})


def with_pack(config: Config, pack: str | Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(config.data), "PORTEIRO_PACK": str(pack)})


def chosen(config: Config) -> tuple[str, Path]:
    pack, folder = models.chosen_pack(config)
    return pack.name, folder


def silent(file: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


# Which pack is in force


def test_the_shipped_catalogue_can_be_read() -> None:
    assert {"embedded", "zoo"} <= models.catalogue().keys()
    for name, pack in models.catalogue().items():
        assert pack.name == name
        assert all(re.fullmatch(r"[0-9a-f]{64}", network.sha256) for network in pack.networks)


def test_without_a_choice_the_shipped_pack_is_in_force(shipped: Path, config: Config) -> None:
    put(shipped, "detector.onnx", "embedded.onnx")
    put(config.data / "models" / "zoo", *ZOO)
    assert chosen(config) == ("embedded", shipped)


def test_a_shipped_pack_that_was_altered_is_told_and_nothing_else_is_taken(
    shipped: Path, config: Config
) -> None:
    put(config.data / "models" / "zoo", *ZOO)
    put(shipped, "detector.onnx", "embedded.onnx")
    (shipped / "embedded.onnx").write_bytes(CONTENTS["embedded.onnx"][:-1])
    with pytest.raises(PackError) as altered:
        models.chosen_pack(config)
    assert in_terminal(altered.value) == (
        f"{shipped / 'embedded.onnx'} is not the file that pack 'embedded' describes (its sha256 differs). "
        f"{COPY_ANEW}"
    )


def test_the_owners_choice_goes_before_the_shipped_pack(shipped: Path, config: Config) -> None:
    put(shipped, "detector.onnx", "embedded.onnx")
    put(config.data / "models" / "other", "detector.onnx", "other.onnx")
    models.choose(config, "other")
    assert chosen(config) == ("other", config.data / "models" / "other")
    models.choose(config, "embedded")
    assert chosen(config) == ("embedded", shipped)


def test_the_setting_goes_before_the_owners_choice(shipped: Path, config: Config) -> None:
    put(shipped, "detector.onnx", "embedded.onnx")
    put(config.data / "models" / "zoo", *ZOO)
    put(config.data / "models" / "other", "detector.onnx", "other.onnx")
    models.choose(config, "other")
    assert chosen(with_pack(config, "zoo")) == ("zoo", config.data / "models" / "zoo")


def test_a_folder_may_be_chosen_that_holds_a_known_packs_files(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    folder = put(tmp_path / "stick", "detector.onnx", "other.onnx")
    models.choose(config, str(folder))
    assert chosen(config) == ("other", folder)
    assert chosen(with_pack(config, folder)) == ("other", folder)


def test_a_folder_may_bring_its_own_description(shipped: Path, config: Config, tmp_path: Path) -> None:
    folder = put(tmp_path / "stick", "detector.onnx", "other.onnx")
    (folder / "models.toml").write_text(described_pack("other").replace("packs.other", "packs.mine"))
    assert chosen(with_pack(config, folder)) == ("mine", folder)


def test_a_chosen_pack_must_be_whole(shipped: Path, config: Config) -> None:
    folder = config.data / "models" / "zoo"
    with pytest.raises(PackError) as missing:
        models.chosen_pack(with_pack(config, "zoo"))
    assert in_terminal(missing.value) == (
        f"PORTEIRO_PACK='zoo': {folder / 'detector.onnx'} is missing. {COPY_ANEW}"
    )
    put(folder, *ZOO)
    (folder / "zoo.onnx").write_bytes(b"altered")
    with pytest.raises(PackError) as altered:
        models.chosen_pack(with_pack(config, "zoo"))
    assert in_terminal(altered.value) == (
        f"PORTEIRO_PACK='zoo': {folder / 'zoo.onnx'} is not the file that pack 'zoo' describes (its sha256 "
        f"differs). {COPY_ANEW}"
    )


def test_an_unknown_pack_is_refused_with_the_known_ones(shipped: Path, config: Config) -> None:
    with pytest.raises(PackError) as unknown:
        models.chosen_pack(with_pack(config, "zooo"))
    assert in_terminal(unknown.value) == (
        "PORTEIRO_PACK='zooo': 'zooo' is neither a known pack (embedded, zoo, other) nor a folder."
    )


def test_what_is_no_pack_cannot_be_chosen_and_the_earlier_choice_stays(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    put(config.data / "models" / "zoo", *ZOO)
    models.choose(config, "zoo")
    for name in ("zooo", str(put(tmp_path / "stick", "detector.onnx"))):
        with pytest.raises(PackError):
            models.choose(config, name)
    assert chosen(config)[0] == "zoo"


def test_a_chosen_folder_is_found_from_any_place(
    shipped: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "stick", "detector.onnx", "other.onnx")
    monkeypatch.chdir(tmp_path)
    models.choose(config, "stick")
    monkeypatch.chdir("/")
    assert chosen(config) == ("other", folder)


def test_a_folder_without_a_pack_is_refused_with_what_one_consists_of(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    folder = put(tmp_path / "stick", "detector.onnx")
    with pytest.raises(PackError, match=r"^pack:incomplete .*zoo: detector\.onnx, zoo\.onnx"):
        models.chosen_pack(with_pack(config, folder))


def test_a_pack_is_here_only_when_every_file_is_the_right_one(shipped: Path, config: Config) -> None:
    zoo, folder = models.catalogue()["zoo"], config.data / "models" / "zoo"
    assert not models.is_here(config, zoo)
    put(folder, "detector.onnx")
    assert not models.is_here(config, zoo)
    put(folder, "zoo.onnx")
    assert models.is_here(config, zoo)
    (folder / "zoo.onnx").write_bytes(b"altered")
    assert not models.is_here(config, zoo)


# Copying from a folder


def test_a_pack_is_copied_from_a_folder(shipped: Path, config: Config, tmp_path: Path) -> None:
    source = put(tmp_path / "stick", *CONTENTS)
    told: list[tuple[str, int, int]] = []
    folder = models.fetch(config, "zoo", source, lambda *progress: told.append(progress))
    assert folder == config.data / "models" / "zoo"
    assert files_in(folder) == ZOO
    assert told == [("detector.onnx", 1000, 1000), ("zoo.onnx", EMBEDDER_BYTES, EMBEDDER_BYTES)]
    assert files_in(source) == CONTENTS


def test_a_file_that_is_here_already_need_not_be_in_the_folder(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    put(config.data / "models" / "zoo", "detector.onnx")
    assert files_in(models.fetch(config, "zoo", put(tmp_path / "stick", "zoo.onnx"), silent)) == ZOO


def test_an_altered_file_that_is_here_is_replaced(shipped: Path, config: Config, tmp_path: Path) -> None:
    folder = put(config.data / "models" / "zoo", *ZOO)
    (folder / "zoo.onnx").write_bytes(b"altered")
    models.fetch(config, "zoo", put(tmp_path / "stick", *ZOO), silent)
    assert files_in(folder) == ZOO


def test_a_file_that_the_folder_lacks_is_named(shipped: Path, config: Config, tmp_path: Path) -> None:
    source = put(tmp_path / "stick", "detector.onnx")
    with pytest.raises(PackError) as missing:
        models.fetch(config, "zoo", source, silent)
    assert in_terminal(missing.value) == f"{source / 'zoo.onnx'} is missing."


def test_a_wrong_file_from_a_folder_is_refused_and_not_kept(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    source = put(tmp_path / "stick", *ZOO)
    (source / "zoo.onnx").write_bytes(b"altered")
    with pytest.raises(PackError) as wrong:
        models.fetch(config, "zoo", source, silent)
    assert in_terminal(wrong.value) == "zoo.onnx is not the right file (its sha256 differs); it was removed."
    assert files_in(config.data / "models" / "zoo") == right("detector.onnx")
    assert (source / "zoo.onnx").read_bytes() == b"altered"


def test_an_unknown_pack_cannot_be_fetched(shipped: Path, config: Config) -> None:
    with pytest.raises(PackError) as unknown:
        models.fetch(config, "zooo", None, silent)
    assert in_terminal(unknown.value) == "There is no pack 'zooo'; there are embedded, zoo, other."
    assert not config.data.exists()


def test_a_pack_without_an_address_can_only_be_copied(shipped: Path, config: Config) -> None:
    with pytest.raises(PackError) as refused:
        models.fetch(config, "other", None, silent)
    assert in_terminal(refused.value) == (
        "detector.onnx cannot be downloaded; copy it with --from DIR. It is made up for this test."
    )


# Downloading


def test_a_pack_is_downloaded_and_the_progress_reaches_the_total(online: FileServer, config: Config) -> None:
    told: dict[str, list[int]] = {}

    def note(file: str, done: int, total: int) -> None:
        assert total == len(CONTENTS[file])
        told.setdefault(file, []).append(done)

    assert files_in(models.fetch(config, "zoo", None, note)) == ZOO
    assert {file: done[-1] for file, done in told.items()} == {
        "detector.onnx": 1000,
        "zoo.onnx": EMBEDDER_BYTES,
    }
    assert all(done == sorted(done) for done in told.values())
    assert len(told["zoo.onnx"]) > 2
    assert online.asked == [("detector.onnx", None), ("zoo.onnx", None)]


def test_what_is_here_already_is_not_downloaded_again(online: FileServer, config: Config) -> None:
    models.fetch(config, "zoo", None, silent)
    online.asked.clear()
    told: list[tuple[str, int, int]] = []
    models.fetch(config, "zoo", None, lambda *progress: told.append(progress))
    assert online.asked == []
    assert told == [("detector.onnx", 1000, 1000), ("zoo.onnx", EMBEDDER_BYTES, EMBEDDER_BYTES)]


BROKEN_OFF = r"^pack:download file='zoo\.onnx' why='\w+'$"


def break_off(server: FileServer, config: Config) -> int:
    """Download until the connection is cut; gives how many bytes of the embedder are here."""
    server.cut_off_after["zoo.onnx"] = 800_000
    with pytest.raises(PackError, match=BROKEN_OFF):
        models.fetch(config, "zoo", None, silent)
    server.asked.clear()
    folder = config.data / "models" / "zoo"
    assert sorted(files_in(folder)) == ["detector.onnx", "zoo.onnx.part"]
    return (folder / "zoo.onnx.part").stat().st_size


def test_a_download_that_broke_off_goes_on_where_it_stopped(online: FileServer, config: Config) -> None:
    here = break_off(online, config)
    assert 500_000 < here <= 800_000
    told: list[tuple[str, int, int]] = []
    folder = models.fetch(config, "zoo", None, lambda *progress: told.append(progress))
    assert files_in(folder) == ZOO
    assert online.asked == [("zoo.onnx", f"bytes={here}-")]
    done = [done for file, done, _ in told if file == "zoo.onnx"]
    assert done == sorted(done)
    assert (done[0] > here, done[-1]) == (True, EMBEDDER_BYTES)


def test_a_server_that_knows_no_ranges_sends_everything_again(online: FileServer, config: Config) -> None:
    here = break_off(online, config)
    online.knows_ranges = False
    assert files_in(models.fetch(config, "zoo", None, silent)) == ZOO
    assert online.asked == [("zoo.onnx", f"bytes={here}-")]


def test_a_download_that_broke_off_can_be_finished_from_a_folder(
    online: FileServer, config: Config, tmp_path: Path
) -> None:
    break_off(online, config)
    assert files_in(models.fetch(config, "zoo", put(tmp_path / "stick", *ZOO), silent)) == ZOO
    assert online.asked == []


def test_a_part_that_is_whole_is_not_asked_for_again(online: FileServer, config: Config) -> None:
    folder = put(config.data / "models" / "zoo", *ZOO)
    (folder / "zoo.onnx").rename(folder / "zoo.onnx.part")
    assert files_in(models.fetch(config, "zoo", None, silent)) == ZOO
    assert online.asked == []


@pytest.mark.parametrize("part", [b"x" * 300_000, b"x" * EMBEDDER_BYTES, b"x" * (EMBEDDER_BYTES + 1)])
def test_a_part_of_something_else_is_refused_removed_and_then_fetched_anew(
    online: FileServer, config: Config, part: bytes
) -> None:
    folder = put(config.data / "models" / "zoo", "detector.onnx")
    (folder / "zoo.onnx.part").write_bytes(part)
    with pytest.raises(PackError, match=r"^pack:wrong_file file='zoo\.onnx'$"):
        models.fetch(config, "zoo", None, silent)
    assert files_in(folder) == right("detector.onnx")
    assert files_in(models.fetch(config, "zoo", None, silent)) == ZOO


def test_wrong_bytes_are_refused_and_removed(online: FileServer, config: Config) -> None:
    online.files["zoo.onnx"] = made_up_bytes("something else", EMBEDDER_BYTES)
    with pytest.raises(PackError) as wrong:
        models.fetch(config, "zoo", None, silent)
    assert in_terminal(wrong.value) == "zoo.onnx is not the right file (its sha256 differs); it was removed."
    assert files_in(config.data / "models" / "zoo") == right("detector.onnx")


def test_more_bytes_than_stated_are_refused_before_they_fill_the_disk(
    online: FileServer, config: Config
) -> None:
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"] + made_up_bytes("more", 5_000_000)
    with pytest.raises(PackError, match=BROKEN_OFF):
        models.fetch(config, "zoo", None, silent)
    files = files_in(config.data / "models" / "zoo")
    assert "zoo.onnx" not in files
    assert len(files.get("zoo.onnx.part", b"")) <= EMBEDDER_BYTES
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"]
    assert files_in(models.fetch(config, "zoo", None, silent)) == ZOO


def test_fewer_bytes_than_stated_are_not_taken_for_the_file(online: FileServer, config: Config) -> None:
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"][:-1]
    with pytest.raises(PackError, match=BROKEN_OFF):
        models.fetch(config, "zoo", None, silent)
    assert "zoo.onnx" not in files_in(config.data / "models" / "zoo")
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"]
    assert files_in(models.fetch(config, "zoo", None, silent)) == ZOO


def test_a_file_that_the_server_lacks_is_named(online: FileServer, config: Config) -> None:
    del online.files["zoo.onnx"]
    with pytest.raises(PackError, match=r"^pack:download file='zoo\.onnx' why='HTTPError'$"):
        models.fetch(config, "zoo", None, silent)
    assert "zoo.onnx" not in files_in(config.data / "models" / "zoo")


def test_without_a_network_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    use_catalogue(monkeypatch, tmp_path / "shipped", described_pack("zoo", f"http://127.0.0.1:{port}"))
    with pytest.raises(PackError) as failed:
        models.fetch(config, "zoo", None, silent)
    assert in_terminal(failed.value) == (
        "detector.onnx could not be downloaded (ConnectionError); what came is kept, and the same command "
        "goes on from there. On a machine without internet use --from DIR."
    )
