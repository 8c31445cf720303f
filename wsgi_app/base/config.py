"""What is set: read once from the environment, frozen, and passed down as an argument."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from wsgi_app.base.addresses import asked_address, is_loopback
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.limits import MEBIBYTE, Limits
from wsgi_app.base.quotas import QuotaRule
from wsgi_app.base.readers import (
    ADDRESS,
    DATABASE_URL,
    DOOR_NAMES,
    FILE,
    FOLDER,
    OWN_FILE,
    OWN_FOLDER,
    PREFIX,
    SOCKET,
    TEXT,
    TIMEZONE,
    YES_OR_NO,
    number,
    one_of,
    whole,
)
from wsgi_app.base.settings import Unset, read_settings, setting, settings_of
from wsgi_app.base.tries import FIRST_WAIT_S, TryRule

NOT_IN_DATA = {"?", ",", "\\"}
CHECKOUT = Path(__file__).resolve().parents[2]
PAGE_FILES = CHECKOUT / "wsgi_app/static"  # which nginx and uWSGI give to everybody

# The headings under which owners read of the settings.
KEPT = "Where things are kept"
LISTENING = "Where the server listens"
MODELS = "Which models look at the photos"
LET_IN = "Who is let in"
VISITS = "How long visits are kept, and how many photos"
BACKUPS = "How the house is backed up"
LAB = "The lab at /lab, which shows what the chain of client, nginx, uWSGI and WSGI does with a request"
LOGGED = "What is logged"


@dataclass(frozen=True)
class Config:
    """Every setting of the server, each in one row: its environment variable is ``PORTEIRO_`` and its name.

    ``make settings`` writes the same rows to ``deploy/porteiro.env`` and ``docs/settings.md``.
    """

    data: Path = setting(
        KEPT,
        "Folder of the database, the photos, fetched models, logs and run files.",
        OWN_FOLDER,
        Unset(CHECKOUT / "var", "the folder var beside this checkout's README", "/srv/porteiro"),
    )
    database_url: str = setting(
        KEPT,
        "Where the database is: sqlite:// and its path.",
        DATABASE_URL,
        Unset("", "porteiro.db in PORTEIRO_DATA", "sqlite:////srv/porteiro/porteiro.db"),
    )
    secret_file: Path | None = setting(
        KEPT,
        "File of the secret from which doors' tokens are made; the first start makes it, for its owner "
        "alone. With the database it signs as any door; whoever replaces it has to renew every door's token.",
        OWN_FILE,
        Unset(None, "keys/doors.key in PORTEIRO_DATA", "/srv/porteiro-keys/doors.key"),
    )
    least_free_mib: int = setting(
        KEPT,
        "Free space in MiB, {values}, that the disks of all that should have: at twice as much the page "
        "House tells it, and below it the server is not ready (/health/ready), though presses go on; 0 asks "
        "for none.",
        whole(0, 1_000_000),
        "200",
    )
    http: str = setting(
        LISTENING,
        "HOST:PORT of the local run, which has no nginx in front.",
        ADDRESS,
        "127.0.0.1:8765",
        note="which only this machine reaches",
    )
    open: bool = setting(
        LISTENING,
        "1 lets everybody on this machine see and change everything without a sign-in; the server does not "
        "start with it where other machines can reach it.",
        YES_OR_NO,
        "0",
        opens=True,
    )
    anonymous_doors: bool | None = setting(
        LISTENING,
        "1 lets doors without a token ask, 0 lets only those with one that `porteiro token add NAME` made.",
        YES_OR_NO,
        Unset(None, "1 while only this machine can reach the server, 0 otherwise", "0"),
        opens=True,
    )
    live: str | None = setting(
        LISTENING,
        "HOST:PORT of the live feed in the local run; behind nginx it is live.sock beside PORTEIRO_SOCKET.",
        ADDRESS,
        Unset(None, "the port after PORTEIRO_HTTP's", "127.0.0.1:8766"),
    )
    socket: Path | None = setting(
        LISTENING,
        "Path of the Unix socket on which nginx finds the server for presses; for all else it is others.sock "
        "beside it. With it, PORTEIRO_HTTP is not used.",
        SOCKET,
        Unset(None, "none", "/srv/porteiro/run/porteiro.sock"),
    )
    prefix: str = setting(
        LISTENING,
        "Path under which everything is found, as in http://127.0.0.1:8765/porteiro/; / puts it at the root.",
        PREFIX,
        "/porteiro",
    )
    processes: int | None = setting(
        LISTENING,
        "Number of worker processes, {values}; each loads the models for itself. From 2 on, the first is for "
        "presses alone.",
        whole(1, 64),
        Unset(None, "one for each processor core, and one for presses alone", "3"),
    )
    pack: str = setting(
        MODELS,
        "Model pack: a name that `porteiro models list` shows, or a folder with a pack's files. Goes before "
        "the choice made with `porteiro models use`.",
        TEXT,
        Unset("", "that choice, else the shipped one", "zoo"),
    )
    nose_model: Path | None = setting(
        MODELS,
        "File of a network of your own that finds noses: .onnx, .pb or .tflite.",
        FILE,
        Unset(None, "the pack's own; without one, the face detector finds them", "/srv/porteiro/nose.onnx"),
    )
    nose_input_px: int = setting(
        MODELS, "Side of that network's square input in pixels, {values}.", whole(16, 1024), "112"
    )
    nose_channels: str = setting(
        MODELS, "Order of that network's colour channels, {values}.", one_of("rgb", "bgr"), "rgb"
    )
    threshold: float | None = setting(
        LET_IN,
        "Least likeness ({values}) between a visitor's face and somebody's photos, however many people are "
        "enrolled. Higher keeps more strangers out and more friends too. Goes before the next one.",
        number(0.0, 1.0),
        Unset(None, "what that one comes to", "0.55"),
    )
    far_per_visit: float = setting(
        LET_IN,
        "Share of strangers' visits in which one may be taken for somebody, {values}: the threshold "
        "follows from it, and rises with the number of people enrolled.",
        number(0.000001, 0.1),
        "0.001",
    )
    margin: float = setting(
        LET_IN,
        "By how much (cosine, {values}) the likeliest person must be ahead of the next one.",
        number(0.0, 1.0),
        "0.05",
    )
    agreeing_faces: int = setting(
        LET_IN,
        "How many different photos of one press must show the same known person, {values}; a door sends up "
        "to three, as each answer tells it. One with a relay asks for two by itself.",
        whole(1, 3),
        "1",
    )
    tries: int = setting(
        LET_IN,
        "How many refusals of a face in a row are too many: a door then takes no press for "
        f"{FIRST_WAIT_S} seconds, for twice as long after each further one, and the page House tells it; "
        "{values}, 0 for never.",
        whole(0, 100),
        "12",
        note="more than ten friends before a door have",
    )
    tries_minutes: int = setting(
        LET_IN,
        "Minutes within which these refusals count, and after which without one all is as before, {values}.",
        whole(1, 1440),
        "10",
    )
    tries_wait_s: int = setting(
        LET_IN,
        "Seconds that a door then waits at most, {values}: whoever presses first after that is looked at.",
        whole(1, 30),
        "30",
    )
    tries_agreeing_faces: int = setting(
        LET_IN,
        "How many different photos of one press must show the same known person at a door that is tried so, "
        "{values}.",
        whole(1, 3),
        "1",
    )
    busy_doors: tuple[str, ...] = setting(
        LET_IN,
        "Doors, by the names of their tokens, at which others may be seen beside whoever presses: a face of "
        "up to half the size of the largest is nobody there, elsewhere one of up to a fifth.",
        DOOR_NAMES,
        Unset((), "none", "garden,cellar"),
        opens=True,
    )
    open_unkept: bool = setting(
        LET_IN,
        "1 lets people in also while no disk has room for their visits, of which the log alone tells then; 0 "
        "lets nobody in until there is room.",
        YES_OR_NO,
        "0",
        opens=True,
    )
    timezone: ZoneInfo | None = setting(
        LET_IN,
        "Time zone of the hours at which people may come in, and of the pages.",
        TIMEZONE,
        Unset(None, "this machine's", "Europe/Lisbon"),
    )
    keep_known_days: int = setting(
        VISITS, "Days that visits of people who were let in are kept, {values}.", whole(1, 3650), "30"
    )
    keep_other_days: int = setting(
        VISITS, "Days that all other visits are kept, {values}.", whole(1, 3650), "7"
    )
    purge_when_full: bool = setting(
        VISITS,
        "1 lets refused visits go before their time, the oldest first, while the photos' disk has less room "
        "than PORTEIRO_LEAST_FREE_MIB; those of the last day stay.",
        YES_OR_NO,
        "0",
    )
    mib_per_door_and_day: int = setting(
        VISITS,
        "MiB of photos that are kept of one door in a day ({values}, 0 for all), and of all doors without a "
        "token together. Presses beyond it are judged and kept as ever, without their photos.",
        whole(0, 1_000_000),
        "500",
    )
    backup: Path | None = setting(
        BACKUPS,
        "Folder into which the server backs the house up each night, on another disk than PORTEIRO_DATA; "
        "docs/operate.md says how that goes. It is for backups of this house alone.",
        OWN_FOLDER,
        Unset(None, "none, so nothing is backed up by itself", "/mnt/backup/porteiro"),
    )
    backup_hour: int = setting(
        BACKUPS,
        "Hour of the day, {values}, from which on that is done, in PORTEIRO_TIMEZONE; a server that is off "
        "then does it when it is on again.",
        whole(0, 23),
        "3",
    )
    backup_keep: int = setting(
        BACKUPS, "How many backups stay in that folder, {values}; older ones go.", whole(1, 1000), "7"
    )
    backup_passphrase_file: Path | None = setting(
        BACKUPS,
        "File of a passphrase, for its owner alone, with which backups are encrypted. Without it none can be "
        "restored: keep it in another place too.",
        OWN_FILE,
        Unset(None, "none, so they are not encrypted", "/srv/porteiro-keys/backup.passphrase"),
    )
    lab: bool | None = setting(
        LAB,
        "Whether it answers, to everybody who reaches the server and without a sign-in: {values}.",
        YES_OR_NO,
        Unset(None, "1 while only this machine can reach the server, else 0", "1"),
        opens=True,
    )
    lab_files: Path | None = setting(
        LAB,
        "A folder that the lab shows to everybody who reaches it, with all that is below: a place of its "
        "own, apart from the data, the database and the secret.",
        FOLDER,
        Unset(None, "none", "/srv/shown"),
        opens=True,
    )
    log_level: str = setting(
        LOGGED,
        "Least level of a line in the log: {values}.",
        one_of("debug", "info", "warning", "error"),
        "info",
        note="one line for each request",
    )
    limits: Limits = Limits()

    @property
    def own_database_url(self) -> str:
        """The database's where nothing else is set: in the data folder."""
        return f"sqlite:///{self.data / 'porteiro.db'}"

    @property
    def database_file(self) -> Path:
        """Where the database is."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def try_rule(self) -> TryRule:
        """From when on a door waits between presses."""
        return TryRule(self.tries, timedelta(minutes=self.tries_minutes), self.tries_wait_s)

    @property
    def quota_rule(self) -> QuotaRule:
        """How much of one door is kept in a day."""
        return QuotaRule(self.mib_per_door_and_day * MEBIBYTE, self.limits.presses.visits_a_day)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.socket is None and is_loopback(self.http)

    @property
    def own_root(self) -> str:
        """The address at which a browser on this machine finds the local run, without ``/`` at its end."""
        return f"http://{asked_address(self.http)}{self.prefix}"

    @property
    def is_everywhere(self) -> bool:
        """Whether the local run listens at every address of this machine: others ask for one of these."""
        return self.socket is None and asked_address(self.http) != self.http

    @property
    def live_address(self) -> str | Path:
        """Where the live feed listens: HOST:PORT, or a Unix socket beside the workers'."""
        if self.socket is not None:
            return self.socket.with_name("live.sock")
        host, _, port = self.http.rpartition(":")
        return self.live or f"{host}:{int(port) + 1}"

    @property
    def presses_address(self) -> Path:
        """The Unix socket of all workers, at which presses come."""
        return self.socket or self.data / "run" / "workers.sock"

    @property
    def others_address(self) -> Path:
        """The Unix socket at which all else comes, of all workers but the first."""
        return self.presses_address.with_name("others.sock")

    @property
    def wake_address(self) -> Path:
        """The Unix datagram socket on which the live feed is woken."""
        return self.data / "run" / "wake.sock"

    @property
    def trouble_file(self) -> Path:
        """What a process of the server found wrong with the database, for all of them."""
        return self.data / "run" / "trouble"

    @property
    def counts_file(self) -> Path:
        """What was counted, for the next start; front/hold.py reads it."""
        return self.data / "run" / "counters.json"

    @property
    def semaphores_file(self) -> Path:
        """Which semaphores uWSGI's locks are; front/hold.py writes it."""
        return self.data / "run" / "semaphores"

    @property
    def waiting_file(self) -> Path:
        """The places of workers that wait for the database."""
        return self.data / "run" / "waiting"

    @property
    def least_free_bytes(self) -> int:
        """The free space that disks should have, in bytes."""
        return self.least_free_mib * MEBIBYTE

    @property
    def unkept_file(self) -> Path:
        """The presses that were answered while no disk had room for their visits."""
        return self.data / "run" / "unkept"

    @property
    def door_secret_file(self) -> Path:
        """Where the secret is from which the tokens of doors are made."""
        return self.secret_file or self.data / "keys" / "doors.key"

    @property
    def takes_anonymous_doors(self) -> bool:
        """Whether a door may ask without a token."""
        return self.is_local if self.anonymous_doors is None else self.anonymous_doors

    @property
    def has_lab(self) -> bool:
        """Whether the lab answers."""
        return self.is_local if self.lab is None else self.lab

    def is_own_name(self, host: str) -> bool:
        """Whether a Host header names this machine; where others reach the server, any name will do.

        A site could let its own name point to this machine, and its pages would then count as Porteiro's own.
        """
        return not self.is_local or is_loopback(host)


SETTINGS = settings_of(Config)


def load_config(environ: Mapping[str, str]) -> Config:
    """Read the settings out of an environment; nothing else is read or touched.

    Raises:
        ConfigError: a value cannot be used, a key is unknown, or the combination is unsafe.
    """
    values = read_settings(SETTINGS, environ)
    config = Config(**values)
    config = replace(config, database_url=config.database_url or config.own_database_url)
    _refuse_data(config)
    _refuse_shown(config)
    _refuse_no_port(config)
    _refuse_public_address(config)
    return config


def _refuse_data(config: Config) -> None:
    if wrong := sorted(NOT_IN_DATA & set(str(config.data))):
        raise ConfigError(
            f"PORTEIRO_DATA={str(config.data)!r}: must not have {' or '.join(wrong)} in it, with which the "
            "database's address or the log file's name would end"
        )


def _refuse_shown(config: Config) -> None:
    """Refuse to keep anything where everybody who reaches the server may read it."""
    data = ("PORTEIRO_DATA", config.data)
    secret = ("PORTEIRO_SECRET_FILE", _real(config.door_secret_file).parent)
    database = ("PORTEIRO_DATABASE_URL", _real(config.database_file))
    backups: list[tuple[str, Path]] = []
    if config.backup is not None:
        backups.append(("PORTEIRO_BACKUP", config.backup))
    if config.backup_passphrase_file is not None:
        backups.append(("PORTEIRO_BACKUP_PASSPHRASE_FILE", _real(config.backup_passphrase_file).parent))
    shown = config.lab_files
    for key, place in (data, secret, database, *backups):
        if place.is_relative_to(PAGE_FILES):
            raise ConfigError(
                f"{key}: {place} lies in {PAGE_FILES}, whose files everybody gets who reaches the server; "
                "choose another place"
            )
        if shown and place.is_relative_to(shown):
            raise ConfigError(
                f"PORTEIRO_LAB_FILES={str(shown)!r}: everybody would get what lies in it, and {place} does "
                f"({key}); choose a folder with nothing else in it"
            )
    for key, place in (data, secret, *backups):
        if shown and shown.is_relative_to(place):
            raise ConfigError(
                f"PORTEIRO_LAB_FILES={str(shown)!r}: lies in {place}, with what nobody else may see ({key}); "
                "choose a folder outside"
            )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # where ``Path.resolve`` raises, of links in a circle, this goes on


def _refuse_no_port(config: Config) -> None:
    if config.socket is None and not config.live and config.http.endswith(":65535"):
        raise ConfigError(
            f"PORTEIRO_HTTP={config.http!r}: no port follows for the live feed; set PORTEIRO_LIVE"
        )


def _refuse_public_address(config: Config) -> None:
    live = config.live_address
    if config.open and not (config.is_local and is_loopback(str(live))):
        raise ConfigError(
            "PORTEIRO_OPEN=1 lets everybody see faces and enrol people without a sign-in, and this server "
            "can be reached from other machines. Remove it, or keep PORTEIRO_HTTP and PORTEIRO_LIVE to "
            "127.0.0.1 without a PORTEIRO_SOCKET."
        )
