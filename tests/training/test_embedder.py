from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch

from tests.networks import nose_onnx
from tests.training.material import noise
from training import embedder, mixtures, teacher
from training.course import CHECKPOINT, CURVES, HISTORY
from training.embedder import MARGIN, PEOPLE_WEIGHT, SCALE, EmbedderLesson, basis_of, main
from training.endless import COOLED

BANK = np.eye(8, 192, dtype=np.float32)


def unit(*numbers: float) -> list[float]:
    vector = np.zeros(192)
    vector[: len(numbers)] = numbers
    return list(vector / np.linalg.norm(vector))


# What is lost


def losses(vectors: list[list[float]], targets: list[list[float]], people: list[int]) -> dict[str, float]:
    """What a lesson of two people, along the first axes, makes of an embedder that gives those vectors."""
    lesson = EmbedderLesson(2, BANK)
    with torch.no_grad():
        lesson.people.copy_(torch.eye(2, 192))
    lesson.network.register_forward_hook(lambda *_: torch.tensor(vectors, dtype=torch.float32))
    lesson.network.eval()
    pictures = torch.zeros((len(vectors), 112, 112, 3), dtype=torch.uint8)
    batch = [pictures, torch.tensor(targets, dtype=torch.float32), torch.tensor(people)]
    return {name: value.item() for name, value in lesson.losses(batch).items()}


def test_an_embedder_like_the_reference_loses_nothing() -> None:
    targets = [unit(1, 2, 3), unit(0, 1), unit(5, 0, 1)]

    found = losses([[7 * number for number in target] for target in targets], targets, [-1, -1, -1])

    assert found == pytest.approx({"likeness": 0, "relation": 0, "bank": 0, "people": 0}, abs=1e-5)


def test_likeness_is_lost_face_by_face() -> None:
    found = losses([unit(1), unit(0, 1)], [unit(0, 1), unit(0, 1)], [-1, -1])

    assert found["likeness"] == pytest.approx(0.5, abs=1e-5)


def test_an_embedder_that_is_only_turned_keeps_the_relations() -> None:
    found = losses([unit(0, 1), unit(1, 0)], [unit(1, 0), unit(0, 1)], [-1, -1])

    assert (found["likeness"], found["relation"]) == pytest.approx((1, 0), abs=1e-5)


def test_everybody_alike_has_lost_the_relations() -> None:
    found = losses([unit(1), unit(1)], [unit(1), unit(0, 1)], [-1, -1])

    assert found["relation"] == pytest.approx(embedder.RELATION_WEIGHT * 0.5, abs=1e-5)


def test_the_nearer_of_two_errors_surprises_less() -> None:
    right, near, far = (
        losses([vector], [unit(1)], [-1])["bank"] for vector in (unit(1), unit(1, 1), unit(0, 1))
    )

    assert right == pytest.approx(0, abs=1e-5)
    assert right < near < far


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
    lesson = EmbedderLesson(number_of_people, BANK)
    batch = [torch.from_numpy(noise(112, 112)[None].repeat(2, 0)), torch.eye(2, 192), torch.tensor([-1, -1])]

    found = lesson.losses(batch)
    torch.stack(list(found.values())).sum().backward()

    assert all(torch.isfinite(value) for value in found.values())
    gradients = [parameter.grad for parameter in lesson.network.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


# What the teacher says, in fewer numbers


def test_a_basis_keeps_all_likenesses_where_there_is_room() -> None:
    random = np.random.default_rng(1)
    vectors = (random.standard_normal((50, 3)) @ random.standard_normal((3, 20))).astype(np.float32)

    fewer = vectors @ basis_of(vectors, 3)

    assert fewer.shape == (50, 3)
    np.testing.assert_allclose(fewer @ fewer.T, vectors @ vectors.T, atol=1e-3)


# The command


def typed(material: Path, reference: Path, *words: str) -> Result:
    folders = ["--data", str(material), "--reference", str(reference), "--out", str(reference / "out")]
    small = ["--batch", "4", "--every", "4", "--pool", "8", "--workers", "0", "--threads", "1"]
    return CliRunner().invoke(main, [*folders, *small, *words], catch_exceptions=False)


def test_the_command_trains_an_embedder_goes_on_and_cools_it_down(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "AT_ONCE", 1)  # the tiny network takes no more
    monkeypatch.setattr(mixtures, "AT_ONCE", 1)
    weights = np.random.default_rng(1).standard_normal((3, 512)).astype(np.float32)
    nose_onnx(tmp_path / embedder.TEACHER, weights)

    first = typed(material, tmp_path, "--views", "8").output.splitlines()
    again = typed(material, tmp_path, "--views", "12").output.splitlines()
    cooled = typed(material, tmp_path, "--cooldown", "4").output.splitlines()

    assert [line.split("  ")[0] for line in first] == ["views 4", "views 8"]
    assert [line.split("  ")[0] for line in again] == ["Going on after 8 views.", "views 12"]
    assert [line.split("  ")[0] for line in cooled] == ["Going on after 12 views.", "views 16"]
    assert [part.split()[0] for part in first[0].split("  ")] == [
        "views", "elapsed_s", "views_per_s", "rate", "likeness", "relation", "bank", "people",
        "fiw.accuracy", "fiw.tar2", "fiw.tar3", "fiw.tar4", "fiw.relatives",
    ]  # fmt: skip
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {CHECKPOINT, CURVES, HISTORY, COOLED, "pool", "teacher"}


def test_a_teacher_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"edgeface_xs\.onnx is missing"):
        typed(tmp_path, tmp_path)
