"""One house: everything that it decides with, opened and put together once for each process."""

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from wsgi_app.access.doors import doors_of_another_secret
from wsgi_app.access.identity import Identifier, open_identifier
from wsgi_app.access.passwords import Passwords
from wsgi_app.base.config import Config
from wsgi_app.base.counters import Counters, Tally
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import StorageTrouble, Unavailable
from wsgi_app.base.steps import Clock, Steps
from wsgi_app.base.workers import worker_count
from wsgi_app.house.embedding import embed_faces
from wsgi_app.house.gallery import GalleryState, LiveGallery
from wsgi_app.house.models import load_pipeline
from wsgi_app.house.thresholds import policy_for, threshold_in_force
from wsgi_app.stores.patience import patience_of_workers
from wsgi_app.stores.secret_file import LiveSecret
from wsgi_app.stores.stores import Stores, open_stores
from wsgi_app.stores.troubles import TroubleFile
from wsgi_app.stores.unkept import UnkeptPresses
from wsgi_app.vision.packs import Threshold
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.verdicts import BUSY_SHARE, Policy

log = structlog.get_logger("porteiro")


@dataclass(frozen=True)
class House:
    """Everything that answering takes, but for HTTP.

    Attributes:
        config: the settings.
        stores: everything that is kept.
        pipeline: this process's models.
        gallery: the enrolled faces, as they are now.
        tally: counts what happens.
        passwords: makes what is kept of them.
        identifier: finds out who asks.
        clock: monotonic seconds, for durations.
        secret: from which the tokens of doors are made.
        unkept: the presses that were answered while no disk had room.
    """

    config: Config
    stores: Stores
    pipeline: Pipeline
    gallery: LiveGallery
    tally: Tally
    passwords: Passwords
    identifier: Identifier
    clock: Clock
    secret: LiveSecret = field(repr=False)
    unkept: UnkeptPresses

    @property
    def embedder(self) -> str:
        """Which embedder makes the embeddings; see ``EmbedderFile.key``."""
        return self.pipeline.pack.embedder.key

    @property
    def threshold(self) -> Threshold:
        """The likeness from which on somebody is known now, and where it comes from."""
        people = len(self.gallery.now().gallery.people)
        return threshold_in_force(self.config, self.pipeline.pack.embedder, people)

    @property
    def policy(self) -> Policy:
        """When a match is good enough now."""
        return policy_for(self.config, self.pipeline.pack.embedder, len(self.gallery.now().gallery.people))

    def policy_at(self, door: DoorId, gallery: GalleryState) -> Policy:
        """The same at a door, for the people of a gallery."""
        policy = policy_for(self.config, self.pipeline.pack.embedder, len(gallery.gallery.people))
        if door.kind is DoorKind.DEVICE and door.name in self.config.busy_doors:
            return replace(policy, companion_share=BUSY_SHARE)
        return policy


def open_house(config: Config, counters: Counters) -> House:
    """Open and load everything.

    Raises:
        ConfigError, PackError: as ``open_stores``, ``load_pipeline`` and ``LiveSecret`` say.
    """
    patience = patience_of_workers(config.waiting_file, worker_count())
    stores = open_stores(config, patience, TroubleFile(config.trouble_file))
    house = put_together(config, stores, load_pipeline(config), counters)
    if config.open_unkept:
        house.unkept.make()
    with suppress(StorageTrouble):  # whoever asks is told; others may be answered again soon
        warn_of_another_secret(house)
    with suppress(Unavailable):  # the first request goes on with it
        see_everybody(house)
    return house


def put_together(config: Config, stores: Stores, pipeline: Pipeline, counters: Counters) -> House:
    """Make a house of what is opened and loaded already, and of its secret.

    Raises:
        ConfigError: as ``LiveSecret`` says.
    """
    passwords = Passwords()
    return House(
        config=config,
        stores=stores,
        pipeline=pipeline,
        gallery=live_gallery(config, pipeline, stores),
        tally=Tally(counters),
        passwords=passwords,
        identifier=open_identifier(config, stores, passwords),
        clock=time.perf_counter,
        secret=LiveSecret(config.door_secret_file),
        unkept=UnkeptPresses(config.unkept_file, config.limits.presses.idempotency_s),
    )


def live_gallery(config: Config, pipeline: Pipeline, stores: Stores) -> LiveGallery:
    """The gallery of some stores as loaded models see it."""
    return LiveGallery(
        stores.gallery,
        pipeline.pack.embedder.key,
        lambda faces: embed_faces(pipeline, stores, faces, Steps(time.perf_counter)),
        policy_for(config, pipeline.pack.embedder, people=0),
    )


def see_everybody(house: House) -> None:
    """Embed the faces that this house's models have not seen: they were changed, and nothing was prepared.

    Raises:
        Unavailable: the networks are busy, or the database does not answer.
    """
    unseen = house.stores.gallery.unseen_by(house.embedder)
    if unseen:
        log.warning(
            "the models have not seen these faces yet, so they are embedded anew first; `porteiro prepare` "
            "does that before the start",
            faces=len(unseen),
        )
        embed_faces(house.pipeline, house.stores, unseen, Steps(house.clock))
    house.gallery.now()


def warn_of_another_secret(house: House) -> None:
    """Name in the log the doors whose tokens the server's secret did not make, as where its file was lost."""
    if doors := doors_of_another_secret(house.stores.devices, house.secret.now()):
        log.warning(
            "the tokens of these doors were made with another secret, so nothing that they sign is "
            "accepted: bring back the file that was there, or make them new tokens",
            doors=doors,
            file=str(house.config.door_secret_file),
        )
