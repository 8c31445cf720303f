"""The known packs side by side, and what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Column, Table
from rich.text import Text

from wsgi_app.base.config import Config
from wsgi_app.base.errors import PackError
from wsgi_app.house import models
from wsgi_app.vision.packs import SHIPPED, EmbedderFile, NetworkFile, Pack, check_files
from wsgi_app.vision.timing import DOOR_PX

LEGEND = (
    "TAR: of pairs of photos of one person, years apart, the share that passes where 1 in 1,000 (1e-3) or 1 "
    "in 10,000 (1e-4) pairs of strangers does. Threshold: the least likeness that opens; it is higher where "
    "many people are enrolled. MB: the pack's own files."
)
TIMES_LEGEND = (
    f"ms: time of one core of this machine, for the detector at a photo of {DOOR_PX[1]}x{DOOR_PX[0]} and for "
    "the embedder at a face."
)
UNKNOWN = "-"
HALF_HEADING = 4  # columns of a terminal, in which a heading of two words stands in two lines


@dataclass(frozen=True)
class Listed:
    """A pack, and how it stands here.

    Attributes:
        pack: itself.
        folder: where its own files lie, or would.
        state: in a word or two.
        is_here: whether it is whole.
        milliseconds: of its detector and its embedder, where they were measured.
    """

    pack: Pack
    folder: Path
    state: str
    is_here: bool
    milliseconds: tuple[float, float] | None = None


def listed_packs(config: Config, in_force: tuple[Pack, Path] | None) -> list[Listed]:
    """The known packs, and before them the one in force where that is another one."""
    known = [(pack, models.pack_folder(config, pack.name)) for pack in models.catalogue().values()]
    others = [] if in_force is None or in_force in known else [in_force]
    return [_listed(pack, folder, is_in_force=(pack, folder) == in_force) for pack, folder in others + known]


def _listed(pack: Pack, folder: Path, *, is_in_force: bool) -> Listed:
    try:
        check_files(pack, folder)
    except PackError as error:
        is_altered = error.key in {"pack:altered_fetch", "pack:altered_copy"}
        return Listed(pack, folder, "altered" if is_altered else "not here", is_here=False)
    return Listed(pack, folder, "in force" if is_in_force else "here", is_here=True)


def table_of(packs: Sequence[Listed], *, with_times: bool, is_narrow: bool) -> Table:
    """One row for each pack.

    Args:
        packs: which.
        with_times: whether it has a column of how long they take.
        is_narrow: whether headings of two words stand in two lines, as a terminal has few columns.
    """
    half = HALF_HEADING if is_narrow else None
    table = Table(
        Column("Pack", no_wrap=True),
        Column("State", no_wrap=True),
        Column("TAR 1e-3", justify="right", width=half),
        Column("TAR 1e-4", justify="right", width=half),
        Column("Threshold", justify="right", no_wrap=True),
        Column("MB", justify="right", no_wrap=True),
        *([Column("ms", justify="right", no_wrap=True)] if with_times else []),
        Column("For what (licences)", overflow="fold"),
        box=None,
        pad_edge=False,
        caption=Text(f"\n{LEGEND} {TIMES_LEGEND}" if with_times else f"\n{LEGEND}"),
        caption_justify="left",
    )
    for each in packs:
        embedder = each.pack.embedder
        table.add_row(
            Text(each.pack.name),
            each.state,
            _true_accepts(embedder, 0.001),
            _true_accepts(embedder, 0.0001),
            f"{embedder.thresholds[0].score:.3f}",
            _megabytes(each),
            *([_times(each)] if with_times else []),
            Text(_purpose(each.pack)),
        )
    return table


def _true_accepts(embedder: EmbedderFile, rate: float) -> str:
    shares = (one.true_accept_rate for one in embedder.thresholds if one.false_accept_rate == rate)
    share = next(shares, None)
    return UNKNOWN if share is None else f"{share:.2f}"


def _megabytes(listed: Listed) -> str:
    own = listed.pack.own_networks
    if listed.is_here:
        return f"{sum((listed.folder / network.file).stat().st_size for network in own) / 1e6:.1f}"
    about = "~" if any(network.size_is_rough for network in own) else ""
    return f"{about}{sum(network.size_bytes for network in own) / 1e6:.1f}"


def _times(listed: Listed) -> str:
    return UNKNOWN if listed.milliseconds is None else " + ".join(f"{one:.1f}" for one in listed.milliseconds)


def _purpose(pack: Pack) -> str:
    licences = dict.fromkeys(network.licence for network in pack.networks)
    return " ".join(f"{pack.summary} ({', '.join(licences)})".split())


def file_lines(pack: Pack) -> list[str]:
    """Each file of a pack: how large it is, its terms, and who made it."""
    return [pack.name, *(f"    {_described(network, pack)}" for network in pack.networks)]


def _described(network: NetworkFile, pack: Pack) -> str:
    if network in pack.shared:
        return f"{network.file}, that of {SHIPPED}"
    about = "about " if network.size_is_rough else ""
    return f"{network.file}, {about}{network.size_bytes:,} bytes, {network.licence}, {network.source}"
