"""A folder of pictures, sent to a server."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.houses import without_settings
from tests.nose_servers import SLOW_S, AskedServer, nose_server, picture
from tests.owners import Owner
from tests.servers import free_port

PROGRAM = Path(sys.executable).with_name("porteiro")
TIME = re.compile(r"\d+\.\d m?s")


@pytest.fixture
def server() -> Iterator[AskedServer]:
    with nose_server() as asked:
        yield asked


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of files, by their names."""

    def of(**files: str) -> Path:
        for name, what in files.items():
            path = tmp_path / "pictures" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(what))
        return tmp_path / "pictures"

    return of


def without_times(text: str) -> list[str]:
    return TIME.sub("...", text).splitlines()


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def errors(newcomer: Owner, server: AskedServer, where: Path, *options: str) -> dict[str, str]:
    """The error of each picture, by its name."""
    result = newcomer.types("send", where, "--url", server.url, "--json", *options)
    assert result.exit_code == 1, result.output
    return {Path(line["file"]).name: line["error"] for line in lines(result.stdout) if "error" in line}


# What is sent


def test_each_picture_is_told_with_its_nose_and_all_are_summed_up(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    where = folder(**{"b.jpg": "well", "a.PNG": "well", "Ana/c.tiff": "well", "notes.txt": "well"})

    said = newcomer.does("send", where, "--both", "--url", server.url)

    assert without_times(said) == [
        f"{where}/a.PNG base64: (0.2500, 0.5000) in ...",
        f"{where}/a.PNG binary: (0.2500, 0.5000) in ...",
        f"{where}/b.jpg base64: (0.2500, 0.5000) in ...",
        f"{where}/b.jpg binary: (0.2500, 0.5000) in ...",
        f"{where}/Ana/c.tiff base64: (0.2500, 0.5000) in ...",
        f"{where}/Ana/c.tiff binary: (0.2500, 0.5000) in ...",
        "6 requests, 0 failed, ...",
        "base64: 3 answered, 0 failed, median ..., p95 ...",
        "binary: 3 answered, 0 failed, median ..., p95 ...",
        "left out, as no pictures by their names: 1 .txt",
    ]
    assert server.asked == [("/image-64", picture("well")), ("/image-bin", picture("well"))] * 3
    assert server.connections == 1


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        ([], ["/image-64"]),
        (["--base64"], ["/image-64"]),
        (["--binary"], ["/image-bin"]),
        (["--both"], ["/image-64", "/image-bin"]),
        (["--binary", "--base64"], ["/image-64", "/image-bin"]),
    ],
    ids=" ".join,
)
def test_a_picture_is_sent_in_the_kinds_that_are_wanted(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path], options: list[str], paths: list[str]
) -> None:
    newcomer.does("send", folder(**{"a.jpg": "well"}), "--url", server.url, *options)

    assert [path for path, _ in server.asked] == paths


def test_pictures_are_those_of_imutils_and_those_without_an_ending_that_are_some(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    names = (
        "1.jpg",
        "2.JPEG",
        "3.png",
        "4.bmp",
        "5.tif",
        "6.tiff",
        "seven",
        ".eight",
        "x.gif",
        "y.webp",
        "z.",
    )
    where = folder(**dict.fromkeys(names, "well"))
    (where / "letter").write_text("Dear Ana")
    (where / "away").symlink_to(where)
    os.mkfifo(where / "pipe")

    said = lines(newcomer.does("send", where, "--url", server.url, "--json"))

    assert [Path(line["file"]).name for line in said[:-1]] == sorted({*names} - {"x.gif", "y.webp"})
    assert said[-1]["summary"]["left_out"] == {"without ending": 3, ".gif": 1, ".webp": 1}


def test_json_has_a_line_for_each_request_and_one_for_all(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    where = folder(**{"a.jpg": "well", "b\udcff\n.jpg": "refuse"})

    result = newcomer.types("send", where, "--binary", "--url", server.url, "--json")

    well, refused, last = lines(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "porteiro: 1 of 2 requests failed.\n")
    assert well == {"file": f"{where}/a.jpg", "kind": "binary", "ms": well["ms"], "x": 0.25, "y": 0.5}
    assert refused == {
        "file": f"{where}/b\udcff\n.jpg",
        "kind": "binary",
        "ms": refused["ms"],
        "error": "answered 422 Unprocessable Entity: There is no face\\x1b.",
    }
    assert well["ms"] > 0
    assert last == {
        "summary": {
            "requests": 2,
            "failed": 1,
            "seconds": last["summary"]["seconds"],
            "interrupted": False,
            "kinds": {
                "binary": {"answered": 1, "failed": 1, "median_ms": well["ms"], "p95_ms": well["ms"]},
            },
            "left_out": {},
            "unreadable_folders": [],
        }
    }


def test_names_in_another_encoding_are_sent_and_named_by_their_bytes(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    where = folder(
        **{"Jo\udce3o/fot\udcf3.jpg": "well", "Jo\udce3o/n\udce3o.jpg": "refuse", "a.t\udce9": "text"}
    )

    result = newcomer.types("send", where, "--binary", "--url", server.url)

    assert result.exit_code == 1
    assert without_times(result.stdout) == [
        f"{where}/Jo\\xe3o/fot\\xf3.jpg binary: (0.2500, 0.5000) in ...",
        "2 requests, 1 failed, ...",
        "binary: 1 answered, 1 failed, median ..., p95 ...",
        "left out, as no pictures by their names: 1 .t\\xe9",
    ]
    assert result.stderr.splitlines() == [
        f"failed {where}/Jo\\xe3o/n\\xe3o.jpg binary: "
        "answered 422 Unprocessable Entity: There is no face\\x1b.",
        "porteiro: 1 of 2 requests failed.",
    ]


def test_several_workers_send_each_picture_once_each_over_its_own_connection(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    where = folder()
    where.mkdir()
    pictures = [picture("well", number) for number in range(40)]
    for number, data in enumerate(pictures):
        (where / f"{number}.jpg").write_bytes(data)

    newcomer.does("send", where, "--url", server.url, "--workers", "4")

    assert sorted(data for _, data in server.asked) == sorted(pictures)
    assert 1 <= server.connections <= 4


# What goes wrong


def test_what_is_no_answer_is_that_pictures_error_and_the_others_go_on(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    whats = ("refuse", "page", "text", "words", "null", "move", "much", "nothing")
    where = folder(**{f"{what}.jpg": what for what in whats}, **{"z.jpg": "well"})
    os.mkfifo(where / "pipe.jpg")
    (where / "gone.jpg").symlink_to("/no/such/file")
    with (where / "huge.jpg").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)

    assert errors(newcomer, server, where) == {
        "gone.jpg": "No such file or directory",
        "huge.jpg": "larger than 67108864 bytes",
        "move.jpg": "answered 301 Moved Permanently, go to https://elsewhere.example/image-64",
        "much.jpg": "answered with more than 65536 bytes",
        "nothing.jpg": "Remote end closed connection without response",
        "null.jpg": "answered without the numbers x and y",
        "page.jpg": "answered 500 Internal Server Error",
        "pipe.jpg": "no ordinary file",
        "refuse.jpg": "answered 422 Unprocessable Entity: There is no face\\x1b.",
        "text.jpg": "answered without the numbers x and y",
        "words.jpg": "answered without the numbers x and y",
    }
    assert server.asked[-1][1] == picture("well")


@pytest.mark.parametrize("what", ["hang", "drip"])
def test_an_answer_that_does_not_come_in_time_is_not_waited_for(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path], what: str
) -> None:
    where = folder(**{"a.jpg": what, "b.jpg": "well"})

    assert errors(newcomer, server, where, "--timeout", "0.5") == {"a.jpg": "no answer within 0.5 s"}


@pytest.mark.parametrize("what", ["leave", "close"])
def test_a_server_that_ends_its_connections_is_asked_over_new_ones(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path], what: str
) -> None:
    newcomer.does("send", folder(**{f"{n}.jpg": what for n in range(5)}), "--url", server.url)

    assert (len(server.asked), server.connections) == (5, 5)


def test_a_server_that_says_later_is_asked_again_a_few_times(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path]
) -> None:
    where = folder(**{"a.jpg": "later", "b.jpg": "busy"})

    assert errors(newcomer, server, where) == {"b.jpg": "answered 503 Service Unavailable"}
    assert len(server.asked) == 6


def test_without_a_server_every_picture_is_refused_and_the_run_goes_on(
    newcomer: Owner, folder: Callable[..., Path]
) -> None:
    where = folder(**{"a.jpg": "well", "b.jpg": "well"})
    owner = Owner({**newcomer.settings, "PORTEIRO_HTTP": f"127.0.0.1:{free_port()}"})

    result = owner.types("send", where)

    assert (result.exit_code, result.stderr.splitlines()) == (
        1,
        [
            f"failed {where}/a.jpg base64: Connection refused",
            f"failed {where}/b.jpg base64: Connection refused",
            "porteiro: 2 of 2 requests failed.",
        ],
    )
    assert without_times(result.stdout) == ["2 requests, 2 failed, ...", "base64: 0 answered, 2 failed"]


def test_a_folder_that_cannot_be_read_is_told(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = folder(**{"a.jpg": "well", "shut/b.jpg": "well"})

    def scandir(path: Path, scan: Callable[[Path], Any] = os.scandir) -> Any:
        if path.name == "shut":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)

    assert newcomer.is_told("send", where, "--url", server.url).splitlines() == [
        f"failed {where}/shut: Permission denied",
        "porteiro: 1 folder could not be read.",
    ]


def test_a_folder_without_a_picture_is_told(newcomer: Owner, tmp_path: Path) -> None:
    assert newcomer.is_told("send", tmp_path) == f"porteiro: There is no picture in {tmp_path}."


@pytest.mark.parametrize(
    "url",
    [
        "localhost:5000",
        "ftp://localhost",
        "http://",
        "http://a:0",
        "http://a:99999",
        "http://a?b",
        "http://[1",
        "",
    ],
)
def test_what_is_no_address_is_refused(newcomer: Owner, tmp_path: Path, url: str) -> None:
    result = newcomer.types("send", tmp_path, "--url", url)

    assert result.exit_code == 2
    assert "must be like http://192.168.1.5:5000/" in " ".join(result.stderr.split())


# Which server is asked without --url


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_without_an_address_it_is_the_one_that_the_settings_start(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path], host: str
) -> None:
    settings = {"PORTEIRO_HTTP": f"{host}:{server.port}", "PORTEIRO_PREFIX": "/my/door"}

    Owner({**newcomer.settings, **settings}).does("send", folder(**{"a.jpg": "well"}))

    assert [path for path, _ in server.asked] == ["/my/door/image-64"]


def test_behind_nginx_the_settings_do_not_say_where(newcomer: Owner, tmp_path: Path) -> None:
    owner = Owner({**newcomer.settings, "PORTEIRO_SOCKET": str(tmp_path / "porteiro.sock")})

    assert owner.is_told("send", tmp_path).endswith("behind nginx; say it with --url.")


def test_a_proxy_does_not_come_between_this_machine_and_itself(
    newcomer: Owner, server: AskedServer, folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)

    newcomer.does("send", folder(**{"a.jpg": "well"}), "--url", server.url)


# The installed program


def test_ctrl_c_tells_what_was_done(server: AskedServer, folder: Callable[..., Path], tmp_path: Path) -> None:
    where = folder(**{"a.jpg": "well", "b.jpg": "hang", "c.jpg": "well"})
    program = subprocess.Popen(
        [PROGRAM, "send", where, "--url", server.url],
        env={**without_settings(os.environ), "PORTEIRO_DATA": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    first = program.stdout.readline()
    program.send_signal(signal.SIGINT)
    said, errors = program.communicate(timeout=SLOW_S)

    assert first.startswith(f"{where}/a.jpg base64: ")
    assert without_times(said)[0] == "1 request, 0 failed, ..."
    assert (program.returncode, errors) == (130, "")


def test_on_a_terminal_each_answer_stands_above_the_bar(
    server: AskedServer, folder: Callable[..., Path], tmp_path: Path
) -> None:
    where = folder(**{"a.jpg": "well", "b.jpg": "refuse"})
    ours, terminal = pty.openpty()
    subprocess.run(
        [PROGRAM, "send", where, "--url", server.url],
        env={
            **without_settings(os.environ),
            "PORTEIRO_DATA": str(tmp_path),
            "TERM": "xterm",
            "COLUMNS": "300",
        },
        stdout=terminal,
        stderr=terminal,
        check=False,
    )
    os.close(terminal)
    shown = (
        re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", os.read(ours, 65536).decode()).replace("\r", "\n").splitlines()
    )
    os.close(ours)

    assert (
        len([line for line in shown if re.fullmatch(r"\S+/a.jpg base64: \(0.2500, 0.5000\) in \S+ ms", line)])
        == 1
    )
    assert (
        len([line for line in shown if re.fullmatch(r"failed \S+/b.jpg base64: answered 422 .*", line)]) == 1
    )


def test_the_bar_is_for_a_terminal_and_leaves_what_goes_to_a_file_alone(
    server: AskedServer, folder: Callable[..., Path], tmp_path: Path
) -> None:
    where = folder(**{"a.jpg": "well"})
    ours, terminal = pty.openpty()
    done = subprocess.run(
        [PROGRAM, "send", where, "--url", server.url, "--json"],
        env={**without_settings(os.environ), "PORTEIRO_DATA": str(tmp_path), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        check=True,
    )
    os.close(terminal)
    shown = os.read(ours, 65536).decode()
    os.close(ours)

    assert len(lines(done.stdout)) == 2
    assert "Sending" in shown
    assert "1/1" in shown
