from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch
from torch import Tensor
from torch.nn import functional

from tests.networks import nose_onnx
from tests.training.material import Pixels, drawn_face, faces_to_learn_from, form, noise, plain
from training import embedder
from training.course import CHECKPOINT, CURVES, HISTORY
from training.embedder import (
    MARGIN,
    PEOPLE_WEIGHT,
    SCALE,
    EmbedderLesson,
    Examination,
    Lessons,
    Mixtures,
    main,
    mixed,
    to_tensor,
    with_mixtures,
)
from training.faces import Pairs, centre
from training.networks import Embedder
from training.reference import ReferenceEmbedder

FACES = faces_to_learn_from()


class ByColour(ReferenceEmbedder):
    """A reference that goes by a face's mean colour alone."""

    def __init__(self) -> None:
        """It needs no file."""

    def embed(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert face.shape == (112, 112, 3)
        vector = np.zeros(128, np.float32)
        vector[:3] = face.mean((0, 1)) / 255 + 1e-3
        return vector / np.linalg.norm(vector)


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def unit(*numbers: float) -> list[float]:
    vector = np.zeros(128)
    vector[: len(numbers)] = numbers
    return list(vector / np.linalg.norm(vector))


# Mixtures


def test_a_mixture_lies_between_its_two_faces() -> None:
    first, second = drawn_face(1), drawn_face(2)

    for seed in range(20):
        found = mixed(first, second, random(seed)).astype(int)
        assert found.shape == (128, 128, 3)
        assert (found >= np.minimum(first, second).astype(int) - 1).all()
        assert (found <= np.maximum(first, second)).all()


def test_a_mixture_shows_something_of_both() -> None:
    black, white = plain(128, 128, 0, 0, 0), plain(128, 128, 255, 255, 255)

    shares = [float(mixed(white, black, random(seed)).mean()) / 255 for seed in range(40)]

    assert 0.25 < min(shares) < 0.45
    assert 0.55 < max(shares) < 0.75


def test_the_two_shine_through_each_other_or_share_the_picture() -> None:
    black, white = plain(128, 128, 0, 0, 0), plain(128, 128, 255, 255, 255)

    ranges = [int(np.ptp(mixed(white, black, random(seed)))) for seed in range(40)]

    assert {value for value in ranges if value < 240} == {0}
    assert 10 <= ranges.count(0) <= 30


def test_a_mixture_belongs_to_its_random_numbers() -> None:
    once, again, other = (mixed(drawn_face(1), drawn_face(2), random(seed)) for seed in (1, 1, 2))

    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_mixtures_are_judged_by_the_reference() -> None:
    mixtures = Mixtures(FACES, ByColour(), seed=1)

    assert len(mixtures) == len(FACES.crops)
    for number in range(len(mixtures)):
        crop, embedding = mixtures[number]
        assert (form(crop), form(embedding)) == (((128, 128, 3), "uint8"), ((128,), "float32"))
        np.testing.assert_array_equal(embedding, ByColour().embed(centre(crop, 112)))


def test_other_terms_have_other_mixtures() -> None:
    crops = [Mixtures(FACES, ByColour(), seed)[0][0].tolist() for seed in (1, 1, 2)]

    assert crops[0] == crops[1] != crops[2]


def test_mixtures_join_the_faces_as_nobody() -> None:
    mixtures = Mixtures(FACES, ByColour(), seed=1)

    found = with_mixtures(FACES, mixtures, workers=0)

    np.testing.assert_array_equal(found.crops, [*FACES.crops, *(mixtures[n][0] for n in range(4))])
    np.testing.assert_array_equal(found.embeddings, [*FACES.embeddings, *(mixtures[n][1] for n in range(4))])
    assert found.people.tolist() == [0, 0, 1, -1, -1, -1, -1, -1]
    assert found.landmarks.shape == (8, 5, 2)
    assert found.number_of_people == FACES.number_of_people


# What is learnt from


@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5, 3)])
def test_pixels_become_what_the_embedder_takes(shape: tuple[int, ...]) -> None:
    pixels = random().integers(0, 256, shape, np.uint8)

    found = to_tensor(pixels)

    assert found.shape == (*shape[:-3], 3, 4, 5)
    np.testing.assert_allclose(found, (np.moveaxis(pixels, -1, -3) - 127.5) / 127.5, atol=1e-6)
    assert (to_tensor(plain(1, 1, 0, 0, 255)) == torch.tensor([-1.0, -1.0, 1.0])[:, None, None]).all()


def test_a_lesson_is_a_face_with_the_embedding_of_the_good_photo() -> None:
    lessons = Lessons(FACES, 1, 0)

    assert len(lessons) == 4
    for number in range(4):
        face, target, person = lessons[number]
        assert (face.shape, face.dtype) == ((3, 112, 112), torch.float32)
        assert -1 <= face.min() < face.max() <= 1
        np.testing.assert_array_equal(target, FACES.embeddings[number])
        assert person == FACES.people[number]


def test_a_lesson_belongs_to_its_seed_epoch_and_number() -> None:
    def seen(seed: int, epoch: int, number: int) -> bytes:
        return bytes(Lessons(FACES, seed, epoch)[number][0].numpy())

    assert seen(1, 2, 3) == seen(1, 2, 3)
    assert len({seen(*place) for place in ((1, 2, 3), (1, 2, 1), (1, 3, 3), (2, 2, 3))}) == 4


# What is lost


def losses(vectors: list[list[float]], targets: list[list[float]], people: list[int]) -> dict[str, float]:
    """What a lesson of two people, along the first axes, makes of an embedder that gives those vectors."""
    lesson = EmbedderLesson(2)
    with torch.no_grad():
        lesson.people.copy_(torch.eye(2, 128))
    lesson.network.register_forward_hook(lambda *_: torch.tensor(vectors, dtype=torch.float32))
    lesson.network.eval()
    batch = (torch.zeros((len(vectors), 3, 112, 112)), torch.tensor(targets, dtype=torch.float32),
             torch.tensor(people))  # fmt: skip
    return {name: value.item() for name, value in lesson.losses(batch).items()}


def test_an_embedder_like_the_reference_loses_nothing() -> None:
    targets = [unit(1, 2, 3), unit(0, 1), unit(5, 0, 1)]

    found = losses([[7 * number for number in target] for target in targets], targets, [-1, -1, -1])

    assert found == pytest.approx({"likeness": 0, "relation": 0, "people": 0}, abs=1e-5)


def test_likeness_is_lost_face_by_face() -> None:
    found = losses([unit(1), unit(0, 1)], [unit(0, 1), unit(0, 1)], [-1, -1])

    assert found["likeness"] == pytest.approx(0.5, abs=1e-5)


def test_an_embedder_that_is_only_turned_keeps_the_relations() -> None:
    found = losses([unit(0, 1), unit(1, 0)], [unit(1, 0), unit(0, 1)], [-1, -1])

    assert found == pytest.approx({"likeness": 1, "relation": 0, "people": 0}, abs=1e-5)


def test_everybody_alike_has_lost_the_relations() -> None:
    found = losses([unit(1), unit(1)], [unit(1), unit(0, 1)], [-1, -1])

    assert found["relation"] == pytest.approx(embedder.RELATION_WEIGHT * 0.5, abs=1e-5)


def test_known_people_are_kept_apart_by_a_margin() -> None:
    own, other = (losses([vector], [vector], [0])["people"] for vector in (unit(1), unit(0, 1)))
    both = losses([unit(1, 1)], [unit(1, 1)], [1])["people"]

    assert own == pytest.approx(0, abs=1e-5)
    assert other == pytest.approx(PEOPLE_WEIGHT * SCALE * (1 + MARGIN), rel=1e-3)
    assert both == pytest.approx(PEOPLE_WEIGHT * np.log1p(np.exp(SCALE * MARGIN)), rel=1e-3)


def test_who_is_not_known_does_not_count_among_the_people() -> None:
    known = losses([unit(1, 1)], [unit(1)], [1])
    among_others = losses([unit(1, 1), unit(0, 0, 1)], [unit(1), unit(0, 0, 1)], [1, -1])

    assert among_others["people"] == pytest.approx(known["people"])


@pytest.mark.parametrize("number_of_people", [0, 2])
def test_with_nobody_known_there_is_still_something_to_learn(number_of_people: int) -> None:
    lesson = EmbedderLesson(number_of_people)
    batch = (to_tensor(noise(112, 112)[None].repeat(2, 0)), torch.eye(2, 128), torch.tensor([-1, -1]))

    found = lesson.losses(batch)
    torch.stack(list(found.values())).sum().backward()

    assert all(torch.isfinite(value) for value in found.values())
    gradients = [parameter.grad for parameter in lesson.network.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


# Examined


def examined(network: Embedder) -> dict[str, float]:
    """Two people of one colour each, seen twice."""
    shades = ((200, 10, 10), (180, 20, 20), (10, 10, 200), (20, 20, 180))
    crops: Pixels = np.stack([plain(128, 128, *shade) for shade in shades])
    people = np.array(["F1", "F1", "F2", "F2"])
    kinds = np.array(["genuine", "genuine", "stranger", "stranger"])
    pairs = Pairs(crops, people, people, np.array([0, 2, 0, 1]), np.array([1, 3, 2, 3]), kinds)
    measured: dict[str, float] = Examination(pairs, ByColour())(network)
    return measured


def by_colour(_: object, given: tuple[Tensor], __: object) -> Tensor:
    """The reference's embeddings, three times as long."""
    vectors = (given[0].mean((2, 3)) + 1) / 2 + 1e-3
    return 3 * functional.pad(vectors, (0, 125))


def test_an_embedder_like_the_reference_tells_people_apart() -> None:
    network = Embedder().eval()
    network.register_forward_hook(by_colour)

    assert examined(network) == pytest.approx({"cosine": 1, "accuracy": 1, "tar_at_far_0.01": 1}, abs=1e-3)


def test_an_embedder_to_whom_all_are_alike_tells_nobody_apart() -> None:
    network = Embedder().eval()
    network.register_forward_hook(lambda _, given, __: torch.ones((len(given[0]), 128)))

    found = examined(network)

    assert (found["accuracy"], found["tar_at_far_0.01"]) == (0.5, 0)
    assert 0 < found["cosine"] < 0.5


# The command


def words(material: Path, reference: Path, out: Path) -> list[str]:
    return [
        "--data", str(material), "--reference", str(reference), "--out", str(out),
        "--epochs", "2", "--cooldown", "1", "--workers", "0",
    ]  # fmt: skip


def test_the_command_trains_an_embedder(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nose_onnx(tmp_path / embedder.REFERENCE, random().standard_normal((3, 128)).astype(np.float32))
    monkeypatch.setattr(embedder, "BATCH", 4)
    monkeypatch.setattr(embedder, "MIXED_ANEW", 1)

    result = CliRunner().invoke(main, words(material, tmp_path, tmp_path / "out"))

    assert (result.exit_code, result.exception) == (0, None), result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {CHECKPOINT, HISTORY, CURVES}
    first, second = result.output.splitlines()
    assert (first[:7], second[:7]) == ("epoch 1", "epoch 2")
    assert [part.split()[0] for part in first.split("  ")] == [
        "epoch",
        "likeness",
        "relation",
        "people",
        "cosine",
        "accuracy",
        "tar_at_far_0.01",
    ]


def test_a_reference_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(FileNotFoundError, match=r"mobilefacenet\.onnx is missing"):
        CliRunner().invoke(
            main, words(tmp_path / "empty", tmp_path / "empty", tmp_path / "out"), catch_exceptions=False
        )
