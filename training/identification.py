"""How often a stranger is let in where so many people are enrolled: ``python -m training.identification``.

A door compares a visitor with everybody. What is enrolled are photos as they are, up to three of a person,
and what comes to the door is degraded as for training. Nobody shown here is in the training material.

Press and portrait photos resemble what a door sees the most: they give the thresholds. Old family photos,
many of them of children, show what the same thresholds do where faces are hard to tell apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.verification import is_supported, threshold_at
from training.degradations import Jitter, degraded, jittered
from training.faces import FACE_PX, NOBODY, Faces, Pairs, centre, read_faces, read_pairs
from training.sources import parted
from wsgi_app.base.errors import PackError
from wsgi_app.base.sentences import Place
from wsgi_app.house.thresholds import USUAL_RATE, threshold_for_rate
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.embed import embed
from wsgi_app.vision.engines import Network, load_network
from wsgi_app.vision.match import likeness, means_of
from wsgi_app.vision.packs import EmbedderFile, StrangerRate, check_files, pack_in

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # of strangers, at each person that they are compared with
ENROLLED = 3  # photos of a person, at most
TIMES = 3  # that each photo comes to the door, degraded otherwise each time
HOUSES = (5, 20, 100, 500)  # people
TRIALS = 40  # houses of each size, drawn anew
MARGIN = 0.05  # by which a door wants the likeliest person to be ahead
JITTER = Jitter(shift_px=2.0, turn_degrees=4.0, scale=0.04)  # by which landmarks are off

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Crowd:
    """Faces of people who may come to a door.

    Attributes:
        crops: uint8 [N, 128, 128, 3], RGB.
        people: int64 [N], the same number for the same person.
        kin: int64 [N], the same number for people who may be one, or of one family: they are not compared.
    """

    crops: NDArray[np.uint8]
    people: Numbers
    kin: Numbers

    @classmethod
    def of_press(cls, faces: Faces) -> "Crowd":
        """The people of press and portrait photos who are kept back from training."""
        kept = parted(faces)[1]
        alone = kept.number_of_people + kept.clusters
        return cls(kept.crops, np.where(kept.people == NOBODY, alone, kept.people), kept.clusters)

    @classmethod
    def of_families(cls, pairs: Pairs) -> "Crowd":
        """The held-out families."""
        return cls(pairs.crops, _numbered(pairs.people), _numbered(pairs.families))


@dataclass(frozen=True, eq=False)
class Comparisons:
    """What everybody at the door is like to everybody who may be enrolled.

    Attributes:
        scores: float32 [probes, people], as ``match.likeness`` has them.
        friends: bool [probes, people], whether the probe is a photo of theirs that is not enrolled.
        strangers: bool [probes, people], whether it shows somebody else, and no relative.
    """

    scores: Vectors
    friends: NDArray[np.bool_]
    strangers: NDArray[np.bool_]

    def rates(self) -> tuple[StrangerRate, ...]:
        """The likeness that each share of strangers reaches, for one person; as far as there are enough."""
        impostors = self.scores[self.strangers]
        return tuple(
            StrangerRate(score=round(threshold_at(impostors, rate), 3), rate=rate)
            for rate in RATES
            if is_supported(len(impostors), rate)
        )


@dataclass(frozen=True)
class House:
    """What was measured at houses of one size.

    Attributes:
        people: who are enrolled.
        threshold: in force there.
        let_in: share of strangers' visits in which somebody is known.
        refused: share of friends' visits in which they are not.
        visits: of strangers.
    """

    people: int
    threshold: float
    let_in: float
    refused: float
    visits: int


def compare(crowd: Crowd, network: Network, file: EmbedderFile, random: np.random.Generator) -> Comparisons:
    """Let everybody come to the door, and compare them with everybody."""
    sharp = _embedded(centre(crowd.crops, FACE_PX), network, file)
    enrolled, starts = _first_of_each(crowd.people, random)
    gallery, people = sharp[enrolled], crowd.people[enrolled][starts]
    kin = crowd.kin[enrolled][starts]
    probes = np.concatenate(
        [_embedded(_at_the_door(crowd.crops, random), network, file) for _ in range(TIMES)]
    )
    faces = np.tile(np.arange(len(crowd.people)), TIMES)
    best = np.maximum.reduceat(probes @ gallery.T, starts, axis=1)
    own = crowd.people[faces][:, None] == people
    return Comparisons(
        likeness(best, probes @ means_of(gallery, starts).T),
        own & ~np.isin(faces, enrolled)[:, None],
        ~own & (crowd.kin[faces][:, None] != kin),
    )


def houses(compared: Comparisons, embedder: EmbedderFile, random: np.random.Generator) -> Iterator[House]:
    """Draw houses of each size, and let everybody come who is a friend or a stranger to all in it.

    Args:
        compared: everybody with everybody.
        embedder: what was measured of it, which gives the threshold of a house.
        random: draws who lives there.
    """
    for people in HOUSES:
        if people > compared.scores.shape[1] // 2:
            return
        threshold, let_in, refused = threshold_for_rate(embedder, USUAL_RATE, people).score, [], []
        for _ in range(TRIALS):
            living = random.choice(compared.scores.shape[1], people, replace=False)
            scores = compared.scores[:, living]
            ordered = np.sort(scores, axis=1)
            known = (ordered[:, -1] >= threshold) & (ordered[:, -1] - ordered[:, -2] >= MARGIN)
            let_in.append(known[compared.strangers[:, living].all(axis=1)])
            rows, columns = np.nonzero(compared.friends[:, living])
            refused.append(~(known[rows] & (scores[rows].argmax(axis=1) == columns)))
        visits = np.concatenate(let_in)
        yield House(
            people, threshold, float(visits.mean()), float(np.concatenate(refused).mean()), len(visits)
        )


def _numbered(labels: NDArray[np.str_]) -> Numbers:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _first_of_each(people: Numbers, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    """The numbers of up to ``ENROLLED`` photos of each person, grouped, and where each group begins.

    One photo at least is left to come to the door with, of who is on two or more.
    """
    chosen: list[int] = []
    starts: list[int] = []
    for person in np.unique(people):
        photos = random.permutation(np.flatnonzero(people == person))
        starts.append(len(chosen))
        chosen.extend(photos[: max(1, min(ENROLLED, len(photos) - 1))].tolist())
    return np.array(chosen, np.int64), np.array(starts, np.int64)


def _at_the_door(crops: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    return np.stack([degraded(jittered(crop, FACE_PX, JITTER, random), random) for crop in crops])


def _embedded(crops: NDArray[np.uint8], network: Network, file: EmbedderFile) -> Vectors:
    faces = track(crops, "embedding", transient=True)
    return np.stack([embed(network, np.ascontiguousarray(face), file) for face in faces])


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="Training material."
)
def main(folder: Path, data: Path) -> None:
    """Measure the embedder of a pack in a FOLDER at doors; prints what ``models.toml`` has to say of it."""
    try:
        pack = pack_in(folder)
        check_files(pack, folder)
        network = load_network(pack.path_of(pack.embedder, folder), pack.embedder.opencv_input)
    except PackError as error:
        raise click.ClickException(sentence(error, Place.TERMINAL)) from error
    random = np.random.default_rng(1)
    press = compare(Crowd.of_press(read_faces(data)), network, pack.embedder, random)
    families = compare(Crowd.of_families(read_pairs(data)), network, pack.embedder, random)
    strangers = press.rates()
    embedder = replace(pack.embedder, strangers=strangers)
    people = press.scores.shape[1]
    click.echo(f"{press.strangers.sum():,} comparisons of strangers with {people:,} people of press photos")
    click.echo("strangers = [")
    for one in strangers:
        click.echo(f"  {{ score = {one.score:.3f}, rate = {one.rate:g} }},")
    click.echo("]")
    for name, compared in (("Press and portrait photos", press), ("Old family photos", families)):
        Console().print(_table(name, houses(compared, embedder, random)))


def _table(name: str, measured: Iterator[House]) -> Table:
    headings = ("people", "threshold", "strangers let in", "friends refused", "strangers' visits")
    table = Table(*headings, title=name, title_justify="left", box=None)
    for house in measured:
        let_in, refused = f"{house.let_in:.2e}", f"{house.refused:.3f}"
        table.add_row(str(house.people), f"{house.threshold:.3f}", let_in, refused, f"{house.visits:,}")
    return table


if __name__ == "__main__":
    main()
