import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from rich.progress import Progress

from bench.errors import Failure, Missing
from bench.labelled import LabelledPair
from bench.likeness import (
    MOST_WAIT_S,
    NOT_COMPARED,
    TRIES,
    Scored,
    Server,
    embedding_of,
    most_central,
    score_here,
)
from tests.servers import free_port
from wsgi_app.vision.detect import Face
from wsgi_app.vision.match import cosine
from wsgi_app.vision.pipeline import Pipeline

Photo = Callable[[str], bytes]
PHOTOS = Path(__file__).parents[1] / "photos"
SILENT = Progress(disable=True)
Answer = tuple[int, dict[str, str], object]

READY: Answer = (200, {}, {"status": "OK", "pack": "tiny"})


def pair(first: str, second: str, same: bool) -> LabelledPair:
    return LabelledPair(PHOTOS / f"{first}.jpg", PHOTOS / f"{second}.jpg", same, 0)


def face(left: float, top: float, width: float, height: float) -> Face:
    point = (left, top)
    return Face((left, top, width, height), (point, point, point, point, point), 0.9)


# In this process


def test_each_pair_gets_its_cosine(pipeline: Pipeline, photo: Photo) -> None:
    pairs = [pair("ana-1", "ana-2", True), pair("ana-1", "bruno-1", False), pair("nobody-1", "ana-2", False)]

    scored = score_here(pairs, pipeline, SILENT)

    ana, other, bruno = (embedding_of(photo(name), pipeline) for name in ("ana-1", "ana-2", "bruno-1"))
    assert ana is not None
    assert other is not None
    assert bruno is not None
    assert scored.scores.tolist() == [cosine(ana, other), cosine(ana, bruno), NOT_COMPARED]
    assert (scored.pack, scored.left_out) == (pipeline.pack.name, ("photos without a face", "1 of 4"))


def test_a_photo_that_cannot_be_read_is_named(pipeline: Pipeline, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")

    with pytest.raises(Failure) as failure:
        score_here([LabelledPair(broken, broken, True, 0)], pipeline, SILENT)

    assert str(failure.value) == f"{broken}: The picture is broken or incomplete."


@pytest.mark.parametrize(
    ("faces", "chosen"),
    [
        ([(0, 0, 90, 90), (100, 80, 30, 40)], 1),  # centres at 45, 45 and at 115, 100
        ([(60, 20, 90, 120), (100, 80, 30, 40)], 1),
        ([(60, 40, 80, 120), (0, 80, 30, 40)], 0),
        ([(50, 50, 100, 100), (95, 95, 10, 10)], 0),  # as near: the larger, which comes first
    ],
)
def test_the_face_nearest_to_the_centre_counts(faces: list[tuple[float, ...]], chosen: int) -> None:
    found = tuple(face(*box) for box in faces)

    assert most_central(found, width=200, height=200) is found[chosen]


def test_people_beside_the_one_in_the_middle_do_not_count(pipeline: Pipeline, photo: Photo) -> None:
    group = Image.new("RGB", (1680, 540))
    for name, left, size in (
        ("hana-1", 0, (640, 360)),
        ("goro-1", 640, (400, 225)),
        ("ivo-1", 1040, (640, 360)),
    ):
        group.paste(Image.open(io.BytesIO(photo(name))).resize(size), (left, 150))
    file = io.BytesIO()
    group.save(file, "PNG")

    middle = embedding_of(file.getvalue(), pipeline)

    assert middle is not None
    alone = {name: embedding_of(photo(name), pipeline) for name in ("hana-1", "goro-1", "ivo-1")}
    likeness = {name: cosine(middle, known) for name, known in alone.items() if known is not None}
    assert max(likeness, key=lambda name: likeness[name]) == "goro-1"


# Through a server


class ScriptedServer(ThreadingHTTPServer):
    """Answers every request with the next answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.answers: list[Answer] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/porteiro/"


class ScriptedHandler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        status, headers, body = self.server.answers.pop(0)
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815  # the name that the base class looks for

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ScriptedServer() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


PAIRS = [pair("ana-1", "ana-2", True), pair("ana-1", "nobody-1", False), pair("ana-1", "bruno-1", False)]
NO_FACE: Answer = (422, {}, {"error": {"code": "no_face", "message": "There is no face in this photo."}})
BUSY: Answer = (503, {"Retry-After": "3"}, "")


def alike(score: float) -> Answer:
    return 200, {}, {"score": score, "same": True}


def summed_up(scored: Scored) -> tuple[str, list[float], tuple[str, str]]:
    return scored.pack, scored.scores.tolist(), scored.left_out


def test_a_server_is_asked_about_each_pair(server: ScriptedServer) -> None:
    server.answers = [READY, alike(0.8), NO_FACE, alike(0.1)]

    scored = Server(server.url).score(PAIRS, SILENT)

    assert summed_up(scored) == ("tiny", [0.8, NOT_COMPARED, 0.1], ("pairs refused", "1 of 3 (no_face 1)"))
    assert server.asked == ["GET /porteiro/health/ready"] + 3 * ["POST /porteiro/compare"]


def test_a_busy_server_is_given_the_time_that_it_asks_for(server: ScriptedServer) -> None:
    pauses: list[float] = []
    too_many: list[Answer] = [
        (429, {}, "slow down"),
        (429, {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}, ""),
    ]
    server.answers = [
        BUSY,
        READY,
        *too_many,
        alike(0.8),
        (503, {"Retry-After": "86400"}, ""),
        alike(0.5),
        alike(0),
    ]

    scored = Server(server.url, pauses.append).score(PAIRS, SILENT)

    assert summed_up(scored) == ("tiny", [0.8, 0.5, 0.0], ("pairs refused", "0 of 3"))
    assert pauses == [3, 1, 1, MOST_WAIT_S]


def test_a_server_that_stays_busy_is_given_up(server: ScriptedServer) -> None:
    pauses: list[float] = []
    server.answers = [READY] + TRIES * [BUSY]

    with pytest.raises(Failure) as failure:
        Server(server.url, pauses.append).score(PAIRS, SILENT)

    assert str(failure.value) == f"{server.url}compare was still too busy at try 10, with status 503."
    assert pauses == (TRIES - 1) * [3]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([(200, {}, "<h1>Log in</h1>")], "health/ready answered 200 '<h1>Log in</h1>'"),
        ([(404, {}, {"error": {}})], "health/ready answered 404 '{\"error\": {}}'"),
        ([(301, {"Location": "https://example.org/"}, "")], "health/ready answered 301 ''"),
        ([READY, (500, {}, "oh")], "compare answered 500 'oh'"),
        ([READY, (422, {}, "no")], "compare answered 422 'no'"),
        ([READY, (200, {}, {"score": None})], "compare answered 200 '{\"score\": null}'"),
    ],
)
def test_what_porteiro_would_not_answer_ends_it(
    server: ScriptedServer, answers: list[Answer], message: str
) -> None:
    server.answers = answers

    with pytest.raises(Failure) as failure:
        Server(server.url).score(PAIRS, SILENT)

    assert str(failure.value) == f"{server.url}{message}; this is not what Porteiro answers."


def test_an_address_where_nobody_answers_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}/porteiro"

    with pytest.raises(Missing) as missing:
        Server(url).score(PAIRS, SILENT)

    assert (
        str(missing.value)
        == f"Nobody answers at {url}/health/ready: does the server run, and is --url right?"
    )


def test_what_is_no_address_is_said() -> None:
    with pytest.raises(Failure, match="Invalid URL"):
        Server("porteiro").score(PAIRS, SILENT)
