"""The score of each labelled pair: from models in this process, or from a running server."""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import requests
from numpy.typing import NDArray
from rich.progress import Progress

from bench.errors import Failure, Missing
from bench.labelled import LabelledPair
from wsgi_app.base.errors import RequestError
from wsgi_app.base.sentences import Place
from wsgi_app.base.steps import Steps
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.detect import Face
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import cosine
from wsgi_app.vision.pipeline import Pipeline

NOT_COMPARED = -1.0  # the score of a pair that could not be compared, as low as a cosine can be
TIMEOUT_S = (10, 60)  # to connect, and for the answer
TRIES = 10
WAIT_S = 1.0  # before the next try where an answer does not say how long, as nginx's 429
MOST_WAIT_S = 60.0
BUSY = (requests.codes.too_many_requests, requests.codes.service_unavailable)

Form = dict[str, tuple[str, bytes]]
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Scored:
    """What a pack made of the pairs.

    Attributes:
        pack: its name.
        scores: float64 [pairs], cosines; ``NOT_COMPARED`` where there is none.
        left_out: what could not be compared, and how much of it, in words.
    """

    pack: str
    scores: NDArray[np.float64]
    left_out: tuple[str, str]


def score_here(pairs: list[LabelledPair], pipeline: Pipeline, progress: Progress) -> Scored:
    """Embed each photo once in this process, and compare.

    Raises:
        Failure: a photo cannot be decoded.
        PackError, OSError: a network or a file cannot be used.
    """
    photos = list(dict.fromkeys(photo for pair in pairs for photo in (pair.first, pair.second)))
    embeddings: dict[Path, Embedding | None] = {}
    for photo in progress.track(photos, description="Embedding photos"):
        try:
            embeddings[photo] = embedding_of(photo.read_bytes(), pipeline)
        except RequestError as error:
            raise Failure(f"{photo}: {sentence(error, Place.TERMINAL)}") from error
    scores = [_likeness(embeddings[pair.first], embeddings[pair.second]) for pair in pairs]
    faceless = sum(embedding is None for embedding in embeddings.values())
    left_out = ("photos without a face", f"{faceless} of {len(photos)}")
    return Scored(pipeline.pack.name, np.array(scores), left_out)


def embedding_of(photo: bytes, pipeline: Pipeline) -> Embedding | None:
    """Embed the main face of a photo, float32 of unit length; ``None`` where there is no face.

    Raises:
        RequestError: the photo cannot be decoded.
    """
    steps = Steps(time.perf_counter)
    picture = pipeline.decode(photo, steps)
    faces = pipeline.detect(picture, steps)
    if not faces:
        return None
    height, width = picture.pixels.shape[:2]
    return pipeline.embed(pipeline.sight(picture, most_central(faces, width, height), steps).crop, steps)


def most_central(faces: tuple[Face, ...], width: int, height: int) -> Face:
    """The face nearest to the centre of a picture of that size in px, for others may stand behind it."""

    def distance_px(face: Face) -> float:
        left, top, face_width, face_height = face.box
        return math.dist((left + face_width / 2, top + face_height / 2), (width / 2, height / 2))

    return min(faces, key=distance_px)


def _likeness(first: Embedding | None, second: Embedding | None) -> float:
    return NOT_COMPARED if first is None or second is None else cosine(first, second)


class Ready(msgspec.Struct):
    """The answer of ``GET /health/ready``, as far as it is read here."""

    pack: str


class Compared(msgspec.Struct):
    """The answer of ``POST /compare``, as far as it is read here."""

    score: float


class Fault(msgspec.Struct):
    """Why a photo could not be used, in one word."""

    code: str


class Refused(msgspec.Struct):
    """The answer of ``POST /compare`` with status 422."""

    error: Fault


@dataclass(frozen=True)
class Server:
    """A running Porteiro.

    Attributes:
        url: its address with the prefix.
        pause: waits for a number of seconds.
    """

    url: str
    pause: Callable[[float], None] = time.sleep

    def score(self, pairs: list[LabelledPair], progress: Progress) -> Scored:
        """Ask about each pair.

        Raises:
            Missing: nobody answers at the address.
            Failure: an answer cannot be counted.
            OSError: a photo cannot be read.
        """
        scores, refusals = [], Counter[str]()
        with requests.Session() as session:
            pack = _read(self._ask(session, "GET", "/health/ready"), Ready).pack
            for pair in progress.track(pairs, description="Comparing pairs"):
                answer = self._ask(session, "POST", "/compare", _form(pair))
                if answer.status_code == requests.codes.unprocessable:
                    refusals[_read(answer, Refused).error.code] += 1
                    scores.append(NOT_COMPARED)
                else:
                    scores.append(_read(answer, Compared).score)
        reasons = ", ".join(f"{code} {times}" for code, times in refusals.most_common())
        left_out = f"{refusals.total()} of {len(pairs)}{f' ({reasons})' if reasons else ''}"
        return Scored(pack, np.array(scores), ("pairs refused", left_out))

    def _ask(
        self, session: requests.Session, method: str, path: str, form: Form | None = None
    ) -> requests.Response:
        address = self.url.rstrip("/") + path
        for tries_left in reversed(range(TRIES)):
            try:
                answer = session.request(
                    method, address, files=form, timeout=TIMEOUT_S, allow_redirects=False
                )
            except requests.ConnectionError as error:
                raise Missing(
                    f"Nobody answers at {address}: does the server run, and is --url right?"
                ) from error
            except requests.RequestException as error:
                raise Failure(f"{address}: {error}") from error
            if answer.status_code not in BUSY:
                return answer
            if tries_left:
                self.pause(_seconds_to_wait(answer))
        raise Failure(f"{address} was still too busy at try {TRIES}, with status {answer.status_code}.")


def _form(pair: LabelledPair) -> Form:
    photos = {"a": pair.first, "b": pair.second}
    return {name: (photo.name, photo.read_bytes()) for name, photo in photos.items()}


def _seconds_to_wait(answer: requests.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), MOST_WAIT_S) if said.isdecimal() else WAIT_S


def _read(answer: requests.Response, form: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(answer.content, type=form)
    except msgspec.DecodeError as error:
        said = f"{answer.status_code} {answer.text[:200]!r}"
        raise Failure(f"{answer.url} answered {said}; this is not what Porteiro answers.") from error
