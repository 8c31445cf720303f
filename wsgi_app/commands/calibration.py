"""How sure are we? The same figures as the page has."""

import click
import msgspec

from wsgi_app.base.config import Config
from wsgi_app.commands import with_config
from wsgi_app.house.calibration import Calibration, DoubtBody, GroupBody, Question, examine
from wsgi_app.house.models import chosen_pack
from wsgi_app.house.suggestions import RateBody
from wsgi_app.house.thresholds import LEAST_RATE, MOST_RATE, USUAL_RATE, one_in
from wsgi_app.stores.stores import open_stores
from wsgi_app.web.links import Links

COLUMNS = 30  # of a full bar


@click.command("calibrate")
@click.option(
    "--rate",
    type=click.FloatRange(LEAST_RATE, MOST_RATE),
    default=USUAL_RATE,
    show_default=True,
    help="Wanted share of strangers' visits in which one would be taken for somebody.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@with_config
def calibrate_command(config: Config, rate: float, *, as_json: bool) -> None:
    """Say how sure the doorman can be of the people enrolled here, and suggest a threshold."""
    embedder = chosen_pack(config)[0].embedder
    question = Question(config, embedder, rate, Links(config.prefix).of_face)
    calibration = examine(open_stores(config).gallery.rows(embedder.key), question)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(calibration)))
        return
    for line in _lines(calibration):
        click.echo(line)


def _lines(calibration: Calibration) -> list[str]:
    return [
        f"{calibration.people} people, {calibration.faces} faces; "
        f"threshold {calibration.threshold:g}: {calibration.measured_on}",
        "",
        *_histogram(calibration),
        "",
        f"Different people taken for each other at {calibration.threshold:g}: "
        f"{_in_words(calibration.false_accepts)}",
        f"People not recognised by their other photos: {_in_words(calibration.false_rejects)}",
        "The intervals take the photos as independent; those of one person are not, so they are too narrow.",
        *_people(calibration),
        "",
        *calibration.missing,
        f"For {one_in(calibration.suggestion.wanted_rate)} visits: {calibration.suggestion.setting}",
        calibration.suggestion.reason,
    ]


def _histogram(calibration: Calibration) -> list[str]:
    """From the lowest to the highest score: strangers on the left of the axis, the same on its right."""
    rows = [each for each in calibration.histogram if each.genuine or each.impostor]
    if not rows:
        return ["There is nothing to compare yet."]
    most_alike = max(each.genuine for each in rows) or 1
    most_different = max(each.impostor for each in rows) or 1
    lines = [f"{'different people':>{COLUMNS}}  score  same person"]
    for each in rows:
        left, right = _bar(each.impostor, most_different), _bar(each.genuine, most_alike)
        mark = "<" if each.low <= calibration.threshold < each.high else " "
        lines.append(f"{left:>{COLUMNS}}  {each.low:5.2f}{mark} {right}".rstrip())
    return lines


def _bar(count: int, most: int) -> str:
    return "#" * max(round(count / most * COLUMNS), 1 if count else 0)


def _in_words(rate: RateBody) -> str:
    if rate.share is None:
        return "nobody to compare"
    return f"{rate.errors} of {rate.pairs} ({rate.share:.2%}, 95 % from {rate.low:.2%} to {rate.high:.2%})"


def _instead(doubt: DoubtBody) -> str:
    place = doubt.face.links["photo"]
    if doubt.other_score is None or doubt.other_score <= doubt.score:
        return place
    return f"{place} more like {doubt.other}"


def _people(calibration: Calibration) -> list[str]:
    alike = [
        f"  {pair.score:.3f}  {' and '.join(face.person.name for face in pair.faces)}"
        for pair in calibration.most_alike
    ]
    doubtful = [
        f"  {doubt.score:.3f}  {doubt.face.person.name} {_instead(doubt)}" for doubt in calibration.doubtful
    ]
    divided = [
        line
        for each in calibration.divided
        for line in (
            f"  {each.score:.3f}  {each.person.name}: {', '.join(map(_group, each.groups))}",
            f"         {each.advice}",
        )
    ]
    return [
        *(["", "Photos under one name that look like several people's:", *divided] if divided else []),
        *(["", "Most alike:", *alike] if alike else []),
        *(["", "Photos that the same person's others do not confirm:", *doubtful] if doubtful else []),
    ]


def _group(group: GroupBody) -> str:
    return f"{group.count} photos as {group.faces[0].links['photo']}"
