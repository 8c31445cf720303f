"""Everything an endpoint or a command works with, put together once for each process."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from webob import Request, Response

from wsgi_app.config import Config, Limits
from wsgi_app.counters import Counters, Tally
from wsgi_app.errors import PackError
from wsgi_app.gallery import LiveGallery
from wsgi_app.identity import NOBODY, Identifier, Identity, open_identifier
from wsgi_app.packs import chosen_pack
from wsgi_app.passwords import Passwords
from wsgi_app.rendering import Pages, view_of
from wsgi_app.routing import Route
from wsgi_app.steps import Clock, Steps
from wsgi_app.stores.house import Stores, open_stores
from wsgi_app.vision.nose import NoseFile
from wsgi_app.vision.packs import EmbedderFile, Pack, Threshold
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.verdicts import Policy

# One made-up face, on which the networks are tried before the first photo and by /health/ready.
TEST_PICTURE = (Path(__file__).parent / "models" / "test-picture.jpg").read_bytes()


@dataclass(frozen=True)
class Services:
    """Everything an endpoint works with.

    Attributes:
        config: the settings.
        stores: everything that is kept.
        pipeline: this process's models.
        gallery: the enrolled faces, as they are now.
        threshold: the cosine in force and how it was measured.
        tally: counts what happens.
        pages: the HTML templates.
        passwords: makes what is kept of them.
        identifier: finds out who asks.
        clock: monotonic seconds, for durations.
    """

    config: Config
    stores: Stores
    pipeline: Pipeline
    gallery: LiveGallery
    threshold: Threshold
    tally: Tally
    pages: Pages
    passwords: Passwords
    identifier: Identifier
    clock: Clock

    @property
    def embedder(self) -> str:
        """Which embedder makes the embeddings: the sha256 of its file."""
        return self.pipeline.pack.embedder.sha256

    @property
    def policy(self) -> Policy:
        """When a match is good enough."""
        return Policy(self.threshold.score, self.config.margin)


@dataclass(frozen=True)
class Call:
    """One request on its way to an endpoint.

    Attributes:
        request: as it came.
        services: everything to answer it with.
        steps: times each step.
        request_id: in its answer and its log line.
        identity: who asks; ``NOBODY`` where the route lets anyone.
        routes: every address of the server.
    """

    request: Request
    services: Services
    steps: Steps
    request_id: str
    identity: Identity = NOBODY
    routes: tuple[Route, ...] = ()

    @cached_property
    def stores(self) -> Stores:
        """What is kept; changes are told as made by whoever asks."""
        return self.services.stores.acting(self.identity.name)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page from a template."""
        view = view_of(self.request, self.services.config, self.identity)
        return self.services.pages.render(view, template, status, **values)


def load_pipeline(config: Config) -> Pipeline:
    """Load the models that the settings name, and try them: the first photo then waits for nothing.

    Raises:
        PackError: there is no pack, or a file of it cannot be used; the message says what to do.
    """
    nose = None
    if config.nose_model is not None:
        nose = NoseFile(config.nose_model, config.nose_input_px, config.nose_channels)
    return tried_pipeline(*chosen_pack(config), nose, config.limits)


def tried_pipeline(pack: Pack, folder: Path, nose: NoseFile | None, limits: Limits) -> Pipeline:
    """Load a pack's models and look at the built-in picture with them.

    Raises:
        PackError: a file cannot be used, or the face is not found.
    """
    pipeline = Pipeline(pack, folder, nose, limits)
    if not pipeline.check(TEST_PICTURE, Steps(time.perf_counter)):
        raise PackError(f"Pack {pack.name!r} does not find the face of the built-in picture; use another.")
    return pipeline


def open_services(config: Config, counters: Counters) -> Services:
    """Open and load everything.

    Raises:
        ConfigError, PackError: as ``open_stores`` and ``load_pipeline`` say.
    """
    return put_together(config, open_stores(config), load_pipeline(config), counters)


def put_together(config: Config, stores: Stores, pipeline: Pipeline, counters: Counters) -> Services:
    """Make services of what is opened and loaded already."""
    passwords = Passwords()
    return Services(
        config=config,
        stores=stores,
        pipeline=pipeline,
        gallery=LiveGallery(stores.gallery, pipeline.pack.embedder.sha256),
        threshold=threshold_in_force(config, pipeline.pack.embedder),
        tally=Tally(counters),
        pages=Pages(config.timezone),
        passwords=passwords,
        identifier=open_identifier(config, stores, passwords),
        clock=time.perf_counter,
    )


def threshold_in_force(config: Config, embedder: EmbedderFile) -> Threshold:
    """The pack's first threshold, or the setting's with what is known of it."""
    measured = embedder.thresholds
    if config.threshold is None:
        return measured[0]
    same = (threshold for threshold in measured if threshold.score == config.threshold)
    return next(same, Threshold(score=config.threshold, measured_on="set by PORTEIRO_THRESHOLD"))
