"""Model packs: which networks there are, where they come from, and whether the files on disk are them.

A pack is described in ``models.toml``: a detector, an embedder and, in some, a nose network, each with its
file's sha256. The catalogue shipped with Porteiro knows some packs by name; a folder may bring its own
``models.toml``, or simply hold the files of a catalogued pack. In place of describing a network, a pack may
name the shipped pack: it then has that one's, whose file is neither stored nor fetched a second time.
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wsgi_app.base.errors import PackError

CATALOGUE = Path(__file__).parent.parent / "models" / "models.toml"
SHIPPED = "embedded"  # the pack that lies beside the catalogue
CHUNK_BYTES = 1024 * 1024
ROUGH = 2  # a file whose size is a guess has at most as many times the bytes
MIRRORED = "+mirrored"  # of the key of such an embedder: no sha256 ends so

FileName = Annotated[str, Meta(pattern=r"^[^/\\]+$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Rate = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """What every network of a pack has: its file, and where it comes from.

    Attributes:
        file: name inside the pack's folder.
        sha256: of the file, in hex.
        size_bytes: of the file.
        size_is_rough: whether that is a guess, of a file that nobody could measure; its sha256 tells it.
        licence: its terms, an SPDX name where there is one.
        source: who made it.
        url: where it can be downloaded; ``""`` where it can only be copied.
    """

    file: FileName
    sha256: Sha256
    size_bytes: Annotated[int, Meta(gt=0)]
    size_is_rough: bool = False
    licence: str
    source: str
    url: str = ""

    @property
    def most_bytes(self) -> int:
        """More than so many are something else."""
        return self.size_bytes * (ROUGH if self.size_is_rough else 1)

    def may_have(self, size_bytes: int) -> bool:
        """Whether the file may be of this size."""
        return size_bytes <= self.most_bytes if self.size_is_rough else size_bytes == self.size_bytes


@dataclass(frozen=True, kw_only=True)
class DetectorFile(NetworkFile):
    """A face detector of YuNet's form, BGR 0..255.

    Attributes:
        opencv_input: where it is set, OpenCV runs the file, and takes the picture under this name.
        input_px: longest side of its input, a multiple of 32.
        score_threshold: least score of a face.
        sizes: ``square`` where its input always has two sides of ``input_px``, ``any`` where it takes all
            multiples of 32 up to there.
        ground_scale: how much larger than for the shipped detector the grounds are on which a near face or a
            crop is laid for a second look; on smaller ones its landmarks are too rough.
    """

    opencv_input: str = ""
    input_px: Annotated[int, Meta(gt=0, multiple_of=32)]
    score_threshold: Annotated[float, Meta(gt=0, lt=1)]
    sizes: Literal["square", "any"] = "square"
    ground_scale: Annotated[float, Meta(ge=1, le=4)] = 1.0


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A likeness from which on a face counts as somebody's.

    Attributes:
        score: the likeness; of two faces, their cosine.
        measured_on: the set of pairs, or who stated it.
        false_accept_rate: share of impostor pairs at or above it; ``None`` where nobody measured it.
        true_accept_rate: share of genuine pairs at or above it; ``None`` likewise.
        is_of_visits: whether ``measured_on`` tells a rate of visits, at which a face is compared with many.
    """

    score: Annotated[float, Meta(gt=0, lt=1)]
    measured_on: str
    false_accept_rate: Rate | None = None
    true_accept_rate: Rate | None = None
    is_of_visits: bool = False


@dataclass(frozen=True, kw_only=True)
class StrangerRate:
    """How many strangers are how like to one person, measured on material like a door's.

    Attributes:
        score: a likeness, as ``match.likeness`` has it.
        rate: share of strangers at or above it.
    """

    score: Annotated[float, Meta(gt=0, lt=1)]
    rate: Rate


@dataclass(frozen=True, kw_only=True)
class EmbedderFile(NetworkFile):
    """An embedder of aligned 112x112 faces, compared by cosine.

    Attributes:
        opencv_input: as a detector's.
        embedding_size: length of the vector.
        channels: ``rgb`` or ``bgr``.
        mean: subtracted from each channel, on the 0..255 scale.
        deviation: divided by, likewise.
        thresholds: cosines of two faces; the one in force is never lower than the first.
        strangers: by falling rate, none or two at least: they give the threshold for a house of any size.
        mirrored: whether each face is looked at twice, as it is and mirrored, and the mean counts: surer, for
            twice the time. Thresholds are measured with it or without it, and hold for that alone.
    """

    opencv_input: str = ""
    embedding_size: Annotated[int, Meta(gt=0)]
    channels: Literal["rgb", "bgr"]
    mean: tuple[float, float, float]
    deviation: tuple[Positive, Positive, Positive]
    thresholds: Annotated[tuple[Threshold, ...], Meta(min_length=1)]
    strangers: tuple[StrangerRate, ...] = ()
    mirrored: bool = False

    @property
    def key(self) -> str:
        """What tells its embeddings from those that it is not to be compared with."""
        return f"{self.sha256}{MIRRORED}" if self.mirrored else self.sha256

    @property
    def runs(self) -> int:
        """How often the network runs for a face."""
        return 2 if self.mirrored else 1

    def __post_init__(self) -> None:
        """Refuse what no threshold can be drawn from."""
        steps = list(pairwise(self.strangers))
        falling = all(one.score < other.score and one.rate > other.rate > 0 for one, other in steps)
        if len(self.strangers) == 1 or not falling:
            raise ValueError("strangers are two at least, and their rates fall as their scores rise")


@dataclass(frozen=True, kw_only=True)
class NoseNetworkFile(NetworkFile):
    """A network that takes a square picture scaled to 0..1 and gives the nose's x and y as fractions.

    Attributes:
        input_px: side of its input.
        channels: ``rgb`` or ``bgr``.
    """

    input_px: Annotated[int, Meta(gt=0)]
    channels: Literal["rgb", "bgr"]


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A file of the Python package index that holds the files of a pack among others.

    Attributes:
        package: its name in the index.
        version: likewise.
        file: its name.
        sha256: of the file, in hex.
        size_bytes: of the file.
        folder: inside it, where the pack's files lie under their own names.
    """

    package: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
    version: Annotated[str, Meta(pattern=r"^[0-9][A-Za-z0-9.+!_-]*\Z")]
    file: FileName
    sha256: Sha256
    size_bytes: Annotated[int, Meta(gt=0)]
    folder: str


@dataclass(frozen=True, kw_only=True)
class FaultsFile(NetworkFile):
    """A network that takes an aligned face, RGB -1..1, and tells what is wrong with it.

    Attributes:
        outcomes: what each of its numbers tells, above 0 where it is so.
    """

    outcomes: Annotated[tuple[str, ...], Meta(min_length=1)]


@dataclass(frozen=True)
class Pack:
    """A detector and an embedder that work together, and in some packs a nose network.

    Attributes:
        name: in the catalogue, or the folder's name.
        summary: one line for ``porteiro models list``.
        detector: finds faces.
        embedder: tells them apart.
        nose: points at the nose; without one the detector's landmark does.
        faults: sees what is wrong with an aligned face; without one fewer photos are refused at enrolment.
        wheel: has its own files too, for machines that reach a package index and not their addresses.
        shared: those of its networks that are the shipped pack's, and lie there.
    """

    name: str
    summary: str
    detector: DetectorFile
    embedder: EmbedderFile
    nose: NoseNetworkFile | None = None
    faults: FaultsFile | None = None
    wheel: Wheel | None = None
    shared: tuple[NetworkFile, ...] = ()

    @property
    def networks(self) -> tuple[NetworkFile, ...]:
        """All that it works with."""
        further = (self.nose, self.faults)
        return (self.detector, self.embedder, *(network for network in further if network is not None))

    @property
    def own_networks(self) -> tuple[NetworkFile, ...]:
        """Those that lie in its own folder."""
        return tuple(network for network in self.networks if network not in self.shared)

    @property
    def is_on_the_internet(self) -> bool:
        """Whether each of its own files can be fetched."""
        return self.wheel is not None or all(network.url for network in self.own_networks)

    def path_of(self, network: NetworkFile, folder: Path) -> Path:
        """Where the file of one of its networks lies.

        Args:
            network: of this pack.
            folder: where its own files lie.
        """
        return (CATALOGUE.parent if network in self.shared else folder) / network.file


_Shipped = Literal["embedded"]  # in place of a network: the shipped pack's


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    summary: str
    detector: DetectorFile | _Shipped
    embedder: EmbedderFile
    nose: NoseNetworkFile | _Shipped | None = None
    faults: FaultsFile | _Shipped | None = None
    wheel: Wheel | None = None


class _Description(msgspec.Struct, forbid_unknown_fields=True):
    packs: dict[str, _Table]


def read_packs(path: Path) -> dict[str, Pack]:
    """Read a ``models.toml``.

    Raises:
        PackError: it is not there or not in the form that the shipped one shows.
    """
    return {name: _pack_of(name, table, path) for name, table in _read(path).items()}


def _read(path: Path) -> dict[str, _Table]:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Description).packs
    except (OSError, ValueError) as error:
        raise PackError("pack:description", file=path, why=str(error)) from error


def _pack_of(name: str, table: _Table, path: Path) -> Pack:
    def shipped() -> Pack:
        described = _read(CATALOGUE).get(SHIPPED)
        if described is None or SHIPPED in (described.detector, described.nose, described.faults):
            raise PackError("pack:shares_more", file=path, pack=name, shipped=SHIPPED)
        return _pack_of(SHIPPED, described, CATALOGUE)

    detector = shipped().detector if isinstance(table.detector, str) else table.detector
    nose = shipped().nose if isinstance(table.nose, str) else table.nose
    faults = shipped().faults if isinstance(table.faults, str) else table.faults
    shared = []
    for described, network in ((table.detector, detector), (table.nose, nose), (table.faults, faults)):
        if isinstance(described, str):
            if network is None:
                raise PackError("pack:shares_more", file=path, pack=name, shipped=SHIPPED)
            shared.append(network)
    return Pack(name, table.summary, detector, table.embedder, nose, faults, table.wheel, tuple(shared))


def pack_in(folder: Path) -> Pack:
    """The pack whose files a folder holds: by its own ``models.toml``, else by the catalogue.

    Raises:
        PackError: no pack is complete there; the message says what is missing.
    """
    if not folder.is_dir():
        raise PackError("pack:no_folder", folder=folder)
    own = folder / "models.toml"
    packs = read_packs(own if own.is_file() else CATALOGUE)
    for pack in packs.values():
        if all((folder / network.file).is_file() for network in pack.own_networks):
            return pack
    wanted = "; or ".join(
        f"{pack.name}: {', '.join(n.file for n in pack.own_networks)}" for pack in packs.values()
    )
    raise PackError("pack:incomplete", folder=folder, wanted=wanted)


def check_files(pack: Pack, folder: Path) -> None:
    """Hold every file of a pack against its sha256.

    Raises:
        PackError: a file is missing or is not the one described.
    """
    for network in pack.networks:
        path = pack.path_of(network, folder)
        can_be_fetched = pack.is_on_the_internet and network not in pack.shared
        if not path.is_file():
            if can_be_fetched:
                raise PackError("pack:missing_fetch", file=path, pack=pack.name)
            raise PackError("pack:missing_copy", file=path)
        if sha256_of(path) != network.sha256:
            if can_be_fetched:
                raise PackError("pack:altered_fetch", file=path, pack=pack.name)
            raise PackError("pack:altered_copy", file=path, pack=pack.name)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
