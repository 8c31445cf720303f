"""``python -m bench.impostors``: who is let in that should not be, by altered photos and by prints.

Everybody is a stranger to everybody else's house. For each alteration three questions are asked of all pairs
of people: is somebody let in by an altered photo, into a house that has good ones? By a good photo, into a
house that has altered ones? By an altered photo, into a house that has such as well?
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from bench.accuracy import load_pack
from bench.alterations import ALTERATIONS, Alter
from bench.prints import measure_prints, print_table_of
from bench.shots import Shot, read_shots
from wsgi_app.base.errors import PorteiroError, UnusablePhoto
from wsgi_app.base.sentences import Place
from wsgi_app.base.steps import Steps
from wsgi_app.commands import print_table, progress_bar
from wsgi_app.house.thresholds import USUAL_RATE, threshold_for_rate
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.decode import Picture
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import Gallery, match
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT
from wsgi_app.vision.verdicts import Policy, needed_score

PHOTOS = Path(__file__).parents[1] / "tests" / "photos"
HEADINGS = ("compared", "enrolled", "probe altered", "house altered", "both", "friends known")
NOBODY, ANY = Gallery.of([]), Policy(threshold=1.0, margin=0.0)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Looked:
    """What became of one altered photo.

    Attributes:
        person: whose it is.
        probe: what a door compares; ``None`` where it does not compare.
        unclear: whether it has to be liker for that.
        enrolled: what enrolling keeps; ``None`` where it refuses.
    """

    person: str
    probe: Embedding | None
    unclear: bool
    enrolled: Embedding | None


@dataclass
class Tally:
    """Attempts to get in, and how many succeeded."""

    attempts: int = 0
    let_in: int = 0

    def __str__(self) -> str:
        """As the table has it."""
        return f"{self.let_in} of {self.attempts}" if self.attempts else "-"


@dataclass(frozen=True)
class Row:
    """What one alteration did.

    Attributes:
        name: of the alteration.
        photos: how many were altered.
        compared: how many of them a door compares.
        enrolled: how many of them may be enrolled.
        probed: altered photos at houses with good ones.
        gallery: good photos at houses with altered ones.
        both: altered photos at houses with altered ones.
        friends: altered photos at the houses of their own people, with good ones.
    """

    name: str
    photos: int
    compared: int
    enrolled: int
    probed: Tally
    gallery: Tally
    both: Tally
    friends: Tally


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=EXISTING_FOLDER, required=False)
@click.option("--pack", help="Measure this pack, a name or a folder, instead of the one in force.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Instead of the pack's own.")
@click.option("--people", type=click.IntRange(min=2), help="Take so many people only.")
def main(folder: Path | None, pack: str | None, threshold: float | None, people: int | None) -> None:
    """Try to get strangers in, on photos FOLDER/Name/*.jpg, or on those of the made-up people without one."""
    try:
        pipeline = load_pack(pack)
        with progress_bar(MofNCompleteColumn()) as progress:
            shots = list(read_shots(pipeline, folder or PHOTOS, people, progress))
            level = threshold or threshold_for_rate(pipeline.pack.embedder, USUAL_RATE, people=1).score
            policy = Policy(level, margin=0.0)
            rows = list(measure(pipeline, shots, policy, progress))
            prints = list(measure_prints(pipeline, shots, policy, progress))
    except PorteiroError as error:
        raise click.ClickException(sentence(error, Place.TERMINAL)) from error
    print_table(table(rows, level))
    print_table(print_table_of(prints))
    tallies = [tally for row in rows for tally in (row.probed, row.gallery, row.both)]
    let_in = sum(one.let_in for one in tallies) + sum(one.let_in for one in prints)
    attempts = sum(one.attempts for one in tallies) + sum(one.attempts for one in prints)
    click.echo(f"{let_in} of {attempts} attempts of strangers succeeded.")


def measure(pipeline: Pipeline, shots: list[Shot], policy: Policy, progress: Progress) -> Iterator[Row]:
    """One row for each alteration."""
    good = [look(pipeline, shot, ALTERATIONS["as it is"]) for shot in shots]
    for name, alter in progress.track(ALTERATIONS.items(), description="alterations"):
        altered = [look(pipeline, shot, alter) for shot in shots]
        yield Row(
            name,
            len(shots),
            sum(one.probe is not None for one in altered),
            sum(one.enrolled is not None for one in altered),
            tally(altered, good, policy, same=False),
            tally(good, altered, policy, same=False),
            tally(altered, altered, policy, same=False),
            tally(altered, good, policy, same=True),
        )


def look(pipeline: Pipeline, shot: Shot, alter: Alter) -> Looked:
    """What a door and enrolling make of an altered photo."""
    pixels, steps = alter(shot.pixels, shot.face), Steps(lambda: 0.0)
    picture = Picture(pixels, pixels.shape[1], pixels.shape[0])
    seen = pipeline.judge(picture, NOBODY, ANY, steps)
    try:
        crop = pipeline.single_face_in(picture, ENROLMENT, steps).crop
    except UnusablePhoto:
        return Looked(shot.person, seen.probe, seen.unclear, None)
    return Looked(shot.person, seen.probe, seen.unclear, pipeline.embed(crop, steps))


def tally(probes: list[Looked], gallery: list[Looked], policy: Policy, *, same: bool) -> Tally:
    """Every probe at every house of one person: another's, or the person's own with the other photos.

    A photo that a door does not compare is an attempt that failed.
    """
    houses: dict[str, list[tuple[int, Embedding]]] = {}
    for number, one in enumerate(gallery):
        if one.enrolled is not None:
            houses.setdefault(one.person, []).append((number, one.enrolled))
    whole = {person: _house(person, faces) for person, faces in houses.items()}
    count = Tally()
    for number, one in enumerate(probes):
        for person, faces in houses.items():
            if (person == one.person) is not same:
                continue
            house = whole[person]
            if same:
                house = _house(person, [face for face in faces if face[0] != number])
                if not house.people:
                    continue
            count.attempts += 1
            needed = needed_score(policy, unclear=one.unclear)
            count.let_in += one.probe is not None and match(one.probe, house).score >= needed
    return count


def _house(person: str, faces: list[tuple[int, Embedding]]) -> Gallery:
    return Gallery.of([(person, face) for _, face in faces])


def table(rows: list[Row], threshold: float) -> Table:
    """The rows as they are printed."""
    drawn = Table(title=f"Strangers at threshold {threshold:g}", box=None)
    drawn.add_column("alteration")
    for heading in HEADINGS:
        drawn.add_column(heading, justify="right")
    for row in rows:
        shares = (f"{row.compared / row.photos:.0%}", f"{row.enrolled / row.photos:.0%}")
        drawn.add_row(row.name, *shares, str(row.probed), str(row.gallery), str(row.both), str(row.friends))
    return drawn


if __name__ == "__main__":
    main()
