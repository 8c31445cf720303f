"""Everything an endpoint or a command works with, put together once for each process."""

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from webob import Request

from wsgi_app.config import Config, Limits
from wsgi_app.counters import Counters, Tally
from wsgi_app.errors import PackError
from wsgi_app.gallery import LiveGallery
from wsgi_app.packs import chosen_pack
from wsgi_app.rendering import Pages
from wsgi_app.steps import Clock, Steps
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.devices import DeviceStore
from wsgi_app.stores.people import PeopleStore
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.visits import VisitStore
from wsgi_app.vision.nose import NoseFile
from wsgi_app.vision.packs import Pack, Threshold
from wsgi_app.vision.pipeline import Pipeline, Policy

# One made-up face, on which the networks are tried before the first photo and by /health/ready.
TEST_PICTURE = (Path(__file__).parent / "models" / "test-picture.jpg").read_bytes()


@dataclass(frozen=True)
class Stores:
    """What is kept, opened."""

    database: Database
    photos: PhotoStore
    people: PeopleStore
    visits: VisitStore
    devices: DeviceStore


@dataclass(frozen=True)
class Services:
    """Everything an endpoint works with.

    Attributes:
        config: the settings.
        stores: people, visits, devices and photos.
        pipeline: this process's models.
        gallery: the enrolled faces, as they are now.
        threshold: the cosine in force and how it was measured.
        tally: counts what happens.
        pages: the HTML templates.
        clock: monotonic seconds, for durations.
    """

    config: Config
    stores: Stores
    pipeline: Pipeline
    gallery: LiveGallery
    threshold: Threshold
    tally: Tally
    pages: Pages
    clock: Clock

    @property
    def policy(self) -> Policy:
        """When a match is good enough."""
        return Policy(self.threshold.score, self.config.margin)


@dataclass(frozen=True)
class Call:
    """One request on its way to an endpoint."""

    request: Request
    services: Services
    steps: Steps
    request_id: str


def utc_now() -> datetime:
    """The time of day, aware."""
    return datetime.now(UTC)


def random_id() -> str:
    """32 hex digits that nobody can guess."""
    return uuid.uuid4().hex


def open_stores(config: Config) -> Stores:
    """Open the database and the photo folder, made where they are not there yet.

    Raises:
        ConfigError: the database cannot be used.
    """
    database = open_database(config.database_url)
    photos = PhotoStore(config.data / "photos")
    people = PeopleStore(database, photos, utc_now, random_id)
    visits = VisitStore(database, photos, utc_now, random_id, config.limits.idempotency_s)
    return Stores(database, photos, people, visits, DeviceStore(database, utc_now))


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
    return Services(
        config=config,
        stores=stores,
        pipeline=pipeline,
        gallery=LiveGallery(stores.people, pipeline.pack.embedder.sha256),
        threshold=threshold_in_force(config, pipeline),
        tally=Tally(counters),
        pages=Pages(),
        clock=time.perf_counter,
    )


def threshold_in_force(config: Config, pipeline: Pipeline) -> Threshold:
    """The pack's first threshold, or the setting's with what is known of it."""
    measured = pipeline.pack.embedder.thresholds
    if config.threshold is None:
        return measured[0]
    same = (threshold for threshold in measured if threshold.score == config.threshold)
    return next(same, Threshold(score=config.threshold, measured_on="set by PORTEIRO_THRESHOLD"))
