import re
import socket
import tempfile
from pathlib import Path

import pytest

from tests.packs import (
    CONTENTS,
    EMBEDDER_BYTES,
    WHEEL,
    ZOO,
    ZOO_WHEEL,
    FileServer,
    described_pack,
    files_in,
    in_terminal,
    made_up_bytes,
    pip_knows,
    put,
    right,
    use_catalogue,
    wheel_bytes,
    wheel_of,
)
from wsgi_app.base.config import Config
from wsgi_app.base.errors import PackError
from wsgi_app.house.fetching import fetch
from wsgi_app.house.models import catalogue


@pytest.fixture
def online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_server: FileServer) -> FileServer:
    """A server that has the files of the zoo pack."""
    use_catalogue(monkeypatch, tmp_path / "shipped", described_pack("zoo", file_server.url))
    return file_server


def silent(file: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


# Copying from a folder


def test_a_pack_is_copied_from_a_folder(shipped: Path, config: Config, tmp_path: Path) -> None:
    source = put(tmp_path / "stick", *CONTENTS)
    told: list[tuple[str, int, int]] = []
    folder = fetch(config, "zoo", source, lambda *progress: told.append(progress))
    assert folder == config.data / "models" / "zoo"
    assert files_in(folder) == ZOO
    assert told == [("detector.onnx", 1000, 1000), ("zoo.onnx", EMBEDDER_BYTES, EMBEDDER_BYTES)]
    assert files_in(source) == CONTENTS


def test_a_file_that_is_here_already_need_not_be_in_the_folder(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    put(config.data / "models" / "zoo", "detector.onnx")
    assert files_in(fetch(config, "zoo", put(tmp_path / "stick", "zoo.onnx"), silent)) == ZOO


def test_an_altered_file_that_is_here_is_replaced(shipped: Path, config: Config, tmp_path: Path) -> None:
    folder = put(config.data / "models" / "zoo", *ZOO)
    (folder / "zoo.onnx").write_bytes(b"altered")
    fetch(config, "zoo", put(tmp_path / "stick", *ZOO), silent)
    assert files_in(folder) == ZOO


def test_a_file_that_the_folder_lacks_is_named(shipped: Path, config: Config, tmp_path: Path) -> None:
    source = put(tmp_path / "stick", "detector.onnx")
    with pytest.raises(PackError) as missing:
        fetch(config, "zoo", source, silent)
    assert in_terminal(missing.value) == f"{source / 'zoo.onnx'} is missing."


def test_a_wrong_file_from_a_folder_is_refused_and_not_kept(
    shipped: Path, config: Config, tmp_path: Path
) -> None:
    source = put(tmp_path / "stick", *ZOO)
    (source / "zoo.onnx").write_bytes(b"altered")
    with pytest.raises(PackError) as wrong:
        fetch(config, "zoo", source, silent)
    assert in_terminal(wrong.value) == "zoo.onnx is not the right file (its sha256 differs); it was removed."
    assert files_in(config.data / "models" / "zoo") == right("detector.onnx")
    assert (source / "zoo.onnx").read_bytes() == b"altered"


def test_an_unknown_pack_cannot_be_fetched(shipped: Path, config: Config) -> None:
    with pytest.raises(PackError) as unknown:
        fetch(config, "zooo", None, silent)
    assert in_terminal(unknown.value) == "There is no pack 'zooo'; there are embedded, zoo, other."
    assert not config.data.exists()


def test_a_pack_without_an_address_can_only_be_copied(shipped: Path, config: Config) -> None:
    with pytest.raises(PackError) as refused:
        fetch(config, "other", None, silent)
    assert in_terminal(refused.value) == (
        "detector.onnx cannot be downloaded; copy it with --from DIR. It is made up for this test."
    )


# Downloading


def test_a_pack_is_downloaded_and_the_progress_reaches_the_total(online: FileServer, config: Config) -> None:
    told: dict[str, list[int]] = {}

    def note(file: str, done: int, total: int) -> None:
        assert total == len(CONTENTS[file])
        told.setdefault(file, []).append(done)

    assert files_in(fetch(config, "zoo", None, note)) == ZOO
    assert {file: done[-1] for file, done in told.items()} == {
        "detector.onnx": 1000,
        "zoo.onnx": EMBEDDER_BYTES,
    }
    assert all(done == sorted(done) for done in told.values())
    assert len(told["zoo.onnx"]) > 2
    assert online.asked == [("detector.onnx", None), ("zoo.onnx", None)]


def test_what_is_here_already_is_not_downloaded_again(online: FileServer, config: Config) -> None:
    fetch(config, "zoo", None, silent)
    online.asked.clear()
    told: list[tuple[str, int, int]] = []
    fetch(config, "zoo", None, lambda *progress: told.append(progress))
    assert online.asked == []
    assert told == [("detector.onnx", 1000, 1000), ("zoo.onnx", EMBEDDER_BYTES, EMBEDDER_BYTES)]


BROKEN_OFF = r"^pack:download file='zoo\.onnx' why='\w+'$"


def break_off(file_server: FileServer, config: Config) -> int:
    """Download until the connection is cut; gives how many bytes of the embedder are here."""
    file_server.cut_off_after["zoo.onnx"] = 800_000
    with pytest.raises(PackError, match=BROKEN_OFF):
        fetch(config, "zoo", None, silent)
    file_server.asked.clear()
    folder = config.data / "models" / "zoo"
    assert sorted(files_in(folder)) == ["detector.onnx", "zoo.onnx.part"]
    return (folder / "zoo.onnx.part").stat().st_size


def test_a_download_that_broke_off_goes_on_where_it_stopped(online: FileServer, config: Config) -> None:
    here = break_off(online, config)
    assert 500_000 < here <= 800_000
    told: list[tuple[str, int, int]] = []
    folder = fetch(config, "zoo", None, lambda *progress: told.append(progress))
    assert files_in(folder) == ZOO
    assert online.asked == [("zoo.onnx", f"bytes={here}-")]
    done = [done for file, done, _ in told if file == "zoo.onnx"]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (here, EMBEDDER_BYTES)


def test_a_server_that_knows_no_ranges_sends_everything_again(online: FileServer, config: Config) -> None:
    here = break_off(online, config)
    online.knows_ranges = False
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO
    assert online.asked == [("zoo.onnx", f"bytes={here}-")]


def test_a_download_that_broke_off_can_be_finished_from_a_folder(
    online: FileServer, config: Config, tmp_path: Path
) -> None:
    break_off(online, config)
    assert files_in(fetch(config, "zoo", put(tmp_path / "stick", *ZOO), silent)) == ZOO
    assert online.asked == []


def test_a_part_that_is_whole_is_not_asked_for_again(online: FileServer, config: Config) -> None:
    folder = put(config.data / "models" / "zoo", *ZOO)
    (folder / "zoo.onnx").rename(folder / "zoo.onnx.part")
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO
    assert online.asked == []


@pytest.mark.parametrize("part", [b"x" * 300_000, b"x" * EMBEDDER_BYTES, b"x" * (EMBEDDER_BYTES + 1)])
def test_a_part_of_something_else_is_refused_removed_and_then_fetched_anew(
    online: FileServer, config: Config, part: bytes
) -> None:
    folder = put(config.data / "models" / "zoo", "detector.onnx")
    (folder / "zoo.onnx.part").write_bytes(part)
    with pytest.raises(PackError, match=r"^pack:wrong_file file='zoo\.onnx'$"):
        fetch(config, "zoo", None, silent)
    assert files_in(folder) == right("detector.onnx")
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_wrong_bytes_are_refused_and_removed(online: FileServer, config: Config) -> None:
    online.files["zoo.onnx"] = made_up_bytes("something else", EMBEDDER_BYTES)
    with pytest.raises(PackError) as wrong:
        fetch(config, "zoo", None, silent)
    assert in_terminal(wrong.value) == "zoo.onnx is not the right file (its sha256 differs); it was removed."
    assert files_in(config.data / "models" / "zoo") == right("detector.onnx")


def test_more_bytes_than_stated_are_refused_before_they_fill_the_disk(
    online: FileServer, config: Config
) -> None:
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"] + made_up_bytes("more", 5_000_000)
    with pytest.raises(PackError, match=BROKEN_OFF):
        fetch(config, "zoo", None, silent)
    files = files_in(config.data / "models" / "zoo")
    assert "zoo.onnx" not in files
    assert len(files.get("zoo.onnx.part", b"")) <= EMBEDDER_BYTES
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"]
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_fewer_bytes_than_stated_are_not_taken_for_the_file(online: FileServer, config: Config) -> None:
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"][:-1]
    with pytest.raises(PackError, match=BROKEN_OFF):
        fetch(config, "zoo", None, silent)
    assert "zoo.onnx" not in files_in(config.data / "models" / "zoo")
    online.files["zoo.onnx"] = CONTENTS["zoo.onnx"]
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_a_file_that_the_server_lacks_is_named(online: FileServer, config: Config) -> None:
    del online.files["zoo.onnx"]
    with pytest.raises(PackError, match=r"^pack:download file='zoo\.onnx' why='HTTPError'$"):
        fetch(config, "zoo", None, silent)
    assert "zoo.onnx" not in files_in(config.data / "models" / "zoo")


def test_without_a_network_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    use_catalogue(monkeypatch, tmp_path / "shipped", described_pack("zoo", f"http://127.0.0.1:{port}"))
    with pytest.raises(PackError) as failed:
        fetch(config, "zoo", None, silent)
    assert in_terminal(failed.value) == (
        "detector.onnx could not be downloaded (ConnectionError); what came is kept, and the same command "
        "goes on from there. On a machine without internet use --from DIR."
    )


# Shared with the shipped pack


@pytest.fixture
def sharing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config, file_server: FileServer
) -> FileServer:
    """A server that has the embedder of the zoo pack; its detector is the shipped one."""
    shipped = put(tmp_path / "shipped", "detector.onnx", "embedded.onnx")
    zoo = described_pack("zoo", file_server.url, shares=True)
    use_catalogue(monkeypatch, shipped, described_pack("embedded"), zoo)
    del file_server.files["detector.onnx"]
    return file_server


def test_what_a_pack_shares_is_neither_downloaded_nor_stored_again(
    sharing: FileServer, config: Config
) -> None:
    told: dict[str, int] = {}
    folder = fetch(config, "zoo", None, lambda file, done, _: told.update({file: done}))
    assert files_in(folder) == right("zoo.onnx")
    assert sharing.asked == [("zoo.onnx", None)]
    assert told == {"zoo.onnx": EMBEDDER_BYTES}


def test_a_folder_need_not_hold_what_a_pack_shares(
    sharing: FileServer, config: Config, tmp_path: Path
) -> None:
    source = put(tmp_path / "stick", "zoo.onnx")
    assert files_in(fetch(config, "zoo", source, silent)) == right("zoo.onnx")
    assert sharing.asked == []


def test_a_shipped_file_that_was_altered_is_told_by_the_pack_that_shares_it(
    sharing: FileServer, config: Config, tmp_path: Path
) -> None:
    altered = tmp_path / "shipped" / "detector.onnx"
    altered.write_bytes(b"altered")
    with pytest.raises(PackError) as told:
        fetch(config, "zoo", None, silent)
    assert (told.value.key, told.value.values) == ("pack:altered_copy", {"file": altered, "pack": "zoo"})


# Of a size that nobody could measure


@pytest.fixture(params=[EMBEDDER_BYTES // 2, EMBEDDER_BYTES - 1, EMBEDDER_BYTES * 3])
def unmeasured(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_server: FileServer
) -> FileServer:
    """A server that has the files of the zoo pack, whose embedder has a size that is a guess."""
    described = described_pack("zoo", file_server.url, rough_bytes=request.param)
    use_catalogue(monkeypatch, tmp_path / "shipped", described)
    return file_server


def test_a_file_of_unknown_size_is_downloaded_and_told_by_its_sha256(
    unmeasured: FileServer, config: Config
) -> None:
    told: list[tuple[int, int]] = []

    def note(file: str, done: int, total: int) -> None:
        if file == "zoo.onnx":
            told.append((done, total))

    assert files_in(fetch(config, "zoo", None, note)) == ZOO
    assert all(done <= total for done, total in told)
    assert told[-1] == (EMBEDDER_BYTES, EMBEDDER_BYTES)


def test_a_file_of_unknown_size_that_broke_off_goes_on_where_it_stopped(
    unmeasured: FileServer, config: Config
) -> None:
    here = break_off(unmeasured, config)
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO
    assert unmeasured.asked == [("zoo.onnx", f"bytes={here}-")]


def test_a_whole_part_of_unknown_size_is_taken_when_the_server_has_no_more(
    unmeasured: FileServer, config: Config
) -> None:
    folder = put(config.data / "models" / "zoo", *ZOO)
    (folder / "zoo.onnx").rename(folder / "zoo.onnx.part")
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_wrong_bytes_of_unknown_size_are_refused_and_removed(unmeasured: FileServer, config: Config) -> None:
    unmeasured.files["zoo.onnx"] = CONTENTS["zoo.onnx"][:-1]
    with pytest.raises(PackError, match=r"^pack:wrong_file file='zoo\.onnx'$"):
        fetch(config, "zoo", None, silent)
    assert files_in(config.data / "models" / "zoo") == right("detector.onnx")


def test_far_more_bytes_than_guessed_are_refused_before_they_fill_the_disk(
    unmeasured: FileServer, config: Config
) -> None:
    most_bytes = catalogue()["zoo"].embedder.most_bytes
    unmeasured.files["zoo.onnx"] = made_up_bytes("more", 6 * EMBEDDER_BYTES + 1)
    with pytest.raises(PackError, match=BROKEN_OFF):
        fetch(config, "zoo", None, silent)
    part = config.data / "models" / "zoo" / "zoo.onnx.part"
    assert not part.exists() or part.stat().st_size <= most_bytes


# Out of a wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the package index, with the wheel that holds the zoo pack."""
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / WHEEL).write_bytes(ZOO_WHEEL)
    pip_knows(monkeypatch, find_links=str(folder))
    return folder


@pytest.fixture
def both(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_server: FileServer) -> FileServer:
    """A server that has the files of the zoo pack; they are in a wheel too."""
    described = described_pack("zoo", file_server.url, wheel_of(ZOO_WHEEL))
    use_catalogue(monkeypatch, tmp_path / "shipped", described)
    return file_server


def test_as_long_as_the_addresses_give_the_files_no_wheel_is_asked_for(
    both: FileServer, index: Path, config: Config
) -> None:
    (index / WHEEL).unlink()
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_where_an_address_gives_nothing_the_files_are_taken_out_of_the_wheel(
    both: FileServer, config: Config
) -> None:
    both.files.clear()
    told: list[tuple[str, int, int]] = []
    assert files_in(fetch(config, "zoo", None, lambda *progress: told.append(progress))) == ZOO
    assert both.asked == [("detector.onnx", None)]  # one silence is enough
    assert {file: done for file, done, _ in told} == {
        WHEEL: len(ZOO_WHEEL),
        "detector.onnx": 1000,
        "zoo.onnx": EMBEDDER_BYTES,
    }


def test_a_download_that_broke_off_is_finished_out_of_the_wheel(both: FileServer, config: Config) -> None:
    both.cut_off_after["zoo.onnx"] = 800_000
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO
    assert both.asked == [("detector.onnx", None), ("zoo.onnx", None)]


def test_wrong_bytes_at_an_address_are_replaced_out_of_the_wheel(both: FileServer, config: Config) -> None:
    both.files["zoo.onnx"] = made_up_bytes("something else", EMBEDDER_BYTES)
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_files_without_an_address_are_taken_out_of_the_wheel(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    use_catalogue(monkeypatch, tmp_path / "shipped", described_pack("zoo", wheel=wheel_of(ZOO_WHEEL)))
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_a_wheel_that_holds_other_networks_is_refused_and_they_are_not_kept(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    altered = wheel_bytes(
        {
            "made_up/models/detector.onnx": CONTENTS["detector.onnx"],
            "made_up/models/zoo.onnx": made_up_bytes("something else", EMBEDDER_BYTES),
        }
    )
    (index / WHEEL).write_bytes(altered)
    use_catalogue(monkeypatch, tmp_path / "shipped", described_pack("zoo", wheel=wheel_of(altered)))
    with pytest.raises(PackError) as refused:
        fetch(config, "zoo", None, silent)
    assert "zoo.onnx is not the right file (its sha256 differs)" in in_terminal(refused.value)
    assert files_in(config.data / "models" / "zoo") == right("detector.onnx")


def test_where_neither_gives_the_files_both_reasons_are_told_and_what_to_do(
    both: FileServer, index: Path, config: Config
) -> None:
    both.cut_off_after["zoo.onnx"] = 800_000
    (index / WHEEL).unlink()
    with pytest.raises(PackError) as failed:
        fetch(config, "zoo", None, silent)
    assert re.sub(r"\(\w+Error\)", "(SomeError)", in_terminal(failed.value)) == (
        "zoo.onnx could not be downloaded (SomeError); what came is kept, and the same command goes on from "
        "there. On a machine without internet use --from DIR. pip could not download made-up-models: Could "
        "not find a version that satisfies the requirement made-up-models==1.0 (from versions: none). Give "
        "pip an index that this machine reaches (`pip config set global.index-url ADDRESS`); or run `pip "
        f"download --no-deps made-up-models==1.0` elsewhere, copy {WHEEL} here and use --from DIR."
    )
    assert sorted(files_in(config.data / "models" / "zoo")) == ["detector.onnx", "zoo.onnx.part"]
    assert files_in(fetch(config, "zoo", None, silent)) == ZOO


def test_a_folder_may_hold_the_wheel_in_place_of_the_files(
    both: FileServer, index: Path, config: Config
) -> None:
    put(index, "detector.onnx")
    assert files_in(fetch(config, "zoo", index, silent)) == ZOO
    assert both.asked == []


def test_another_wheel_in_a_folder_is_refused(both: FileServer, index: Path, config: Config) -> None:
    (index / WHEEL).write_bytes(ZOO_WHEEL[:-1])
    with pytest.raises(PackError) as refused:
        fetch(config, "zoo", index, silent)
    assert in_terminal(refused.value) == f"{index / WHEEL} is not the right file (its sha256 differs)."
    assert files_in(config.data / "models" / "zoo") == {}


def test_nothing_stays_in_the_folder_for_temporary_files(
    both: FileServer, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    both.files.clear()
    fetch(config, "zoo", None, silent)
    assert list((tmp_path / "temporary").iterdir()) == []
