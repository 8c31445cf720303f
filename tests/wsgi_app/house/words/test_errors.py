"""Every error that is raised anywhere has its sentence, and every sentence its error."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from string import Formatter

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tests.structure import CHECKOUT
from wsgi_app.base import errors
from wsgi_app.base.errors import ConfigError, PorteiroError, Unfit, UnusablePhoto
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.sentences import Place, Plural, Sentence, in_words
from wsgi_app.base.steps import Steps
from wsgi_app.house.words import backup_errors, house_errors, model_errors, request_errors
from wsgi_app.house.words.errors import SENTENCES, sentence
from wsgi_app.lab import words as lab_words
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT

Change = Callable[[Image.Image], Image.Image]

# A ConfigError is raised with a sentence: it is said before there is anything that could say it.
KINDS: dict[str, type[PorteiroError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, PorteiroError) and kind is not ConfigError
}

# What the networks find against a photo is the key of its refusal.
FAULTS = {str(outcome) for outcome in Outcome} - {"known", "unknown", "not_now"} | {
    "distorted",
    "not_upright",
    "obscured",
    "turned_away",
}

TABLES = (
    request_errors.SENTENCES,
    house_errors.SENTENCES,
    model_errors.SENTENCES,
    backup_errors.SENTENCES,
    lab_words.SENTENCES,
)
ALL_SENTENCES: dict[str, Sentence] = SENTENCES | lab_words.SENTENCES

# Whose errors only the lab says.
OF_THE_LAB = ("wsgi_app/lab/", "wsgi_app/stores/notes.py")

# Where ValueErrors with a text are made: nobody is told of them but as a reason why a setting, or what is
# kept, cannot be used.
REASONS = {
    "wsgi_app/base/addresses.py",
    "wsgi_app/base/readers.py",
    "wsgi_app/stores/counts.py",
    "wsgi_app/vision/crops.py",
    "wsgi_app/vision/embed.py",
    "wsgi_app/vision/packs.py",
}

COMMAND = re.compile(r"`porteiro |--[a-z]")
BUTTON = re.compile(r"press '")
WORDS = re.compile(r"[A-Za-z]+ [A-Za-z]+")


@dataclass(frozen=True)
class Made:
    """An error as the source makes it.

    Attributes:
        file: where.
        line: likewise.
        call: that makes it.
        kind: which error.
        key: its key; ``None`` where it is not written there.
    """

    file: str
    line: int
    call: ast.Call
    kind: type[PorteiroError]
    key: str | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def again(self) -> PorteiroError:
        """The same error, with 2 for each of its values."""
        names = [str(keyword.arg) for keyword in self.call.keywords]
        values: dict[str, object] = {name: {} if name == "headers" else 2 for name in names}
        return self.kind(str(self.key), **values)


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the server's source: its file, what is called, and the call."""
    for path in sorted((CHECKOUT / "wsgi_app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                yield str(path.relative_to(CHECKOUT)), name, node


def errors_made() -> Iterator[Made]:
    """Every error that the server's source makes."""
    for file, name, call in calls():
        if name in KINDS:
            key = ast.literal_eval(call.args[0]) if isinstance(call.args[0], ast.Constant) else None
            yield Made(file, call.lineno, call, KINDS[name], key)


def texts_of(words: Sentence) -> Mapping[Place | None, list[str]]:
    """The texts of a sentence by their places; ``None`` for all of them."""
    if isinstance(words, str):
        return {None: [words]}
    if isinstance(words, Plural):
        return {None: [words.one, words.other]}
    return {place: [text] for place, text in words.items()}


def values_named(words: Sentence) -> set[str]:
    """What a sentence names, wherever it is said."""
    texts = [text for texts in texts_of(words).values() for text in texts]
    return {field for text in texts for _, field, _, _ in Formatter().parse(text) if field is not None}


MADE = list(errors_made())
WITH_KEY = [made for made in MADE if made.key is not None]


def test_an_error_is_made_of_a_key_and_named_values_alone() -> None:
    assert [made for made in MADE if len(made.call.args) != 1] == []
    assert [made for made in MADE if any(keyword.arg is None for keyword in made.call.keywords)] == []


def test_only_what_the_networks_find_is_a_key_that_is_not_written_where_it_is_raised() -> None:
    assert {made.kind for made in MADE if made.key is None} == {UnusablePhoto}


@pytest.mark.parametrize("made", WITH_KEY, ids=str)
def test_the_sentence_of_an_error_names_exactly_its_values(made: Made) -> None:
    sentences = ALL_SENTENCES if made.file.startswith(OF_THE_LAB) else SENTENCES
    error = made.again()

    assert values_named(sentences[error.key]) == error.values.keys()
    for place in texts_of(sentences[error.key]):
        assert in_words(sentences, error, place or Place.API)


@pytest.mark.parametrize("made", WITH_KEY, ids=str)
def test_no_words_stand_where_an_error_is_raised(made: Made) -> None:
    texts = [node.value for node in ast.walk(made.call) if isinstance(node, ast.Constant)]

    assert [text for text in texts if WORDS.search(str(text))] == []


def test_a_value_error_with_a_text_is_made_where_nobody_is_told_of_it_alone() -> None:
    assert {file for file, name, call in calls() if name == "ValueError" and call.args} == REASONS


def test_every_sentence_is_of_an_error() -> None:
    keys = {made.key for made in WITH_KEY}

    assert set(ALL_SENTENCES) == keys | FAULTS | {"config"}
    assert sum(map(len, TABLES)) == len(ALL_SENTENCES)
    assert set(lab_words.SENTENCES) <= {made.key for made in WITH_KEY if made.file.startswith(OF_THE_LAB)}


@pytest.mark.parametrize(("key", "words"), ALL_SENTENCES.items(), ids=list(ALL_SENTENCES))
def test_a_command_is_named_in_the_terminal_alone_and_a_button_on_a_page(key: str, words: Sentence) -> None:
    for place, texts in texts_of(words).items():
        assert place is Place.TERMINAL or not any(map(COMMAND.search, texts))
        assert place is Place.PAGE or not any(map(BUTTON.search, texts))


@pytest.mark.parametrize(
    ("place", "what_to_do"),
    [
        (Place.PAGE, "press 'Enrol all the same'"),
        (Place.TERMINAL, "enrol it with --accept-like-another"),
        (Place.API, "send accept=like_another"),
    ],
)
def test_what_can_be_done_is_said_as_it_is_called_there(place: Place, what_to_do: str) -> None:
    error = UnusablePhoto("like_another", other="Ana", score=0.876, name="Eve")

    assert sentence(error, place) == (
        "This looks like Ana (likeness 0.88), who is enrolled already. "
        f"If it is Eve all the same, {what_to_do}."
    )


def shaded(change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Change:
    """A change of all of a picture's values, 0 to 255."""

    def changed(picture: Image.Image) -> Image.Image:
        values = change(np.asarray(picture, np.float32))
        return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))

    return changed


# How a photo of somebody comes to be refused, the code, and words of what helps.
WAYS: dict[str, tuple[Change, str, str]] = {
    "out of focus": (lambda picture: picture.filter(ImageFilter.GaussianBlur(6)), "blurred", "in focus"),
    "faint": (shaded(lambda luma: 128 + (luma - 128) * 0.2), "blurred", "even light"),
    "in haze": (shaded(lambda luma: 200 + (luma - 128) * 0.15), "blurred", "glaring"),
    "too bright": (shaded(lambda luma: luma * 3), "obscured", "without glare"),
    "far too bright": (shaded(lambda luma: luma * 6), "no_face", "even light"),
    "dim": (shaded(lambda luma: luma * 0.25), "too_dark", "more light"),
    "black": (shaded(lambda luma: luma * 0.02), "too_dark", "more light"),
    "lying": (lambda picture: picture.rotate(90, expand=True), "no_face", "upright"),
}


@pytest.mark.parametrize(("change", "code", "helps"), WAYS.values(), ids=WAYS)
def test_what_is_said_of_a_photo_helps_on_every_way_to_that(
    pipeline: Pipeline, steps: Steps, photo: Callable[[str], bytes], change: Change, code: str, helps: str
) -> None:
    file = BytesIO()
    change(Image.open(BytesIO(photo("ana-1")))).save(file, "JPEG", quality=92)

    with pytest.raises(UnusablePhoto) as refusal:
        pipeline.single_face(file.getvalue(), ENROLMENT, steps)

    assert refusal.value.code == code
    assert helps in sentence(refusal.value, Place.PAGE)


def test_the_terminal_repeats_a_name_that_cannot_be_one() -> None:
    error = Unfit("bad_name:long", name="a" * 81, most=80)

    assert [sentence(error, place) for place in (Place.TERMINAL, Place.PAGE)] == [
        f"'{'a' * 81}' cannot be a name: a name has at most 80 characters.",
        "This cannot be a name: a name has at most 80 characters.",
    ]


def test_a_setting_that_cannot_be_used_is_said_as_it_was_raised() -> None:
    error = ConfigError("PORTEIRO_DATA={data}: it cannot be used")

    assert sentence(error, Place.TERMINAL) == "PORTEIRO_DATA={data}: it cannot be used"
