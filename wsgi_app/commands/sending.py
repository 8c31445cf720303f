"""Sends the pictures of a folder to a server, by one worker or several, and takes the time of each answer."""

import queue
import stat
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.commands.folders import PictureFolder
from wsgi_app.commands.nose_server import (
    ImageKind,
    LoadedPicture,
    NosePoint,
    NoseServer,
    WrongAnswer,
    reason,
)
from wsgi_app.vision.kinds import is_jpeg

MOST_FILE_BYTES = 64 * MEBIBYTE  # each worker holds one file at a time
TRIES = 3  # of a picture that the server wants to have later
PAUSE_S = 0.2


@dataclass(frozen=True)
class SendingPlan:
    """How pictures are sent.

    Attributes:
        url: of the server, without a slash at its end.
        kinds: how each picture is sent, one after the other.
        workers: how many send at once, each over a connection of its own.
        timeout_s: for which an answer is waited for.
    """

    url: str
    kinds: tuple[ImageKind, ...]
    workers: int
    timeout_s: float


@dataclass(frozen=True)
class SentImage:
    """What came of one request.

    Attributes:
        path: the picture.
        kind: how it was sent.
        ms: from the request's begin to the answer's end, or to the error; 0 where nothing could be sent.
        point: where the nose is; ``None`` after an error.
        error: in words; empty after an answer.
    """

    path: Path
    kind: ImageKind
    ms: float
    point: NosePoint | None = None
    error: str = ""


Results = queue.Queue[SentImage | BaseException | None]  # None and an error are the end of a worker


def send_all(pictures: PictureFolder, plan: SendingPlan) -> Generator[SentImage, None, None]:
    """Send every picture; gives what came of each request as it comes, in order where one worker sends.

    Each worker holds one picture, and few results wait to be taken. Whoever closes the iterator ends it, and
    what is under way is not waited for.
    """
    work = _Work(pictures, plan)
    try:
        yield from work.results()
    finally:
        work.stop.set()


class _Work:
    def __init__(self, pictures: PictureFolder, plan: SendingPlan):
        self.stop = threading.Event()
        self._plan, self._paths, self._lock = plan, iter(pictures), threading.Lock()
        self._results: Results = queue.Queue(2 * plan.workers)

    def results(self) -> Iterator[SentImage]:
        for _ in range(self._plan.workers):
            threading.Thread(target=self._run, daemon=True).start()
        running = self._plan.workers
        while running:
            result = self._results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                running -= 1
            else:
                yield result

    def _run(self) -> None:
        try:
            with NoseServer(self._plan.url, self._plan.timeout_s) as server:
                while (path := self._next_path()) is not None:
                    for sent in self._send(server, path):
                        self._put(sent)
            self._put(None)
        except BaseException as error:  # noqa: BLE001  # raised again where the results are taken
            self._put(error)

    def _next_path(self) -> Path | None:
        with self._lock:
            return None if self.stop.is_set() else next(self._paths, None)

    def _put(self, result: SentImage | BaseException | None) -> None:
        while not self.stop.is_set():
            with suppress(queue.Full):
                self._results.put(result, timeout=PAUSE_S)
                return

    def _send(self, server: NoseServer, path: Path) -> Iterator[SentImage]:
        try:
            picture = load_picture(path)
        except OSError as error:
            why = reason(error, self._plan.timeout_s)
            yield from (SentImage(path, kind, 0.0, error=why) for kind in self._plan.kinds)
        else:
            yield from (self._ask(server, picture, kind) for kind in self._plan.kinds)

    def _ask(self, server: NoseServer, picture: LoadedPicture, kind: ImageKind) -> SentImage:
        for tries_left in reversed(range(TRIES)):
            point, why, wait_s, start = None, "", None, time.perf_counter()
            try:
                point = server.nose(picture, kind)
            except WrongAnswer as error:
                why, wait_s = str(error), error.wait_s
            except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
                why = reason(error, self._plan.timeout_s)
            ms = (time.perf_counter() - start) * 1000
            if wait_s is None or not tries_left or self.stop.wait(wait_s):
                break
        return SentImage(picture.path, kind, ms, point, why)


def load_picture(path: Path) -> LoadedPicture:
    """A picture's file.

    Raises:
        OSError: it cannot be read, is no ordinary file, or too large to be held.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for whoever writes into it
        raise OSError("no ordinary file")
    if status.st_size > MOST_FILE_BYTES:
        raise OSError(f"larger than {MOST_FILE_BYTES} bytes")
    data = path.read_bytes()
    return LoadedPicture(path, data, path.suffix.lower().rstrip(".") or (".jpg" if is_jpeg(data) else ".png"))
