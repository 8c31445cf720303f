from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import at
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import Gallery, Match, cosine, match


def cos(*degrees: float) -> object:
    """The mean of the cosines of some angles."""
    return pytest.approx(float(np.cos(np.radians(degrees)).mean()), abs=1e-6)


def like(probe: Embedding, faces: Sequence[Embedding]) -> float:
    """The likeness to somebody of these faces, one face after the other."""
    if not faces:
        return -1.0
    mean = np.sum(faces, axis=0)
    mean = mean / max(float(np.linalg.norm(mean)), 1e-6)
    return (max(cosine(face, probe) for face in faces) + cosine(mean, probe)) / 2


FACES = [("ana", at(0)), ("ana", at(90)), ("bruno", at(40)), ("chen", at(200))]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_gallery_groups_faces_by_person_in_any_order(order: tuple[int, ...]) -> None:
    gallery = Gallery.of([FACES[i] for i in order])

    assert gallery.people == ("ana", "bruno", "chen")
    assert gallery.starts.tolist() == [0, 2, 3]
    assert gallery.embeddings.dtype == np.float32
    assert {tuple(row) for row in gallery.embeddings[:2]} == {tuple(at(0)), tuple(at(90))}
    np.testing.assert_array_equal(gallery.embeddings[2:], [at(40), at(200)])


def test_building_a_gallery_leaves_the_list_as_it_is() -> None:
    faces = list(reversed(FACES))

    Gallery.of(faces)

    assert [person for person, _ in faces] == ["chen", "bruno", "ana", "ana"]


def test_an_empty_gallery_knows_nobody() -> None:
    found = match(at(0), Gallery.of([]))

    assert found == Match(person=None, score=0.0, runner_up_score=-1.0)
    assert not found.is_sure(threshold=0.0, margin=0.0)


def test_one_person_has_no_runner_up() -> None:
    found = match(at(10), Gallery.of([("ana", at(0))]))

    assert (found.person, found.score, found.runner_up_score) == ("ana", cos(10), -1.0)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (10, ("ana", cos(10, 35), cos(30))),
        (39, ("bruno", cos(1), cos(39, 6))),
        (80, ("ana", cos(10, 35), cos(40))),
        (190, ("chen", cos(10), cos(100, 145))),
    ],
)
def test_a_person_counts_by_the_best_of_their_faces_and_by_their_mean(
    degrees: float, expected: tuple[object, ...]
) -> None:
    found = match(at(degrees), Gallery.of(FACES))

    assert (found.person, found.score, found.runner_up_score) == expected


def test_another_face_of_the_same_person_is_no_runner_up() -> None:
    found = match(at(1), Gallery.of([("ana", at(0)), ("ana", at(2)), ("bruno", at(90))]))

    assert (found.person, found.runner_up_score) == ("ana", cos(89))


@pytest.mark.parametrize(
    ("found", "sure"),
    [
        (Match("ana", 0.80, 0.20), True),
        (Match("ana", 0.50, 0.20), True),  # at the threshold
        (Match("ana", 0.49, 0.20), False),
        (Match("ana", 0.75, 0.50), True),  # at the margin
        (Match("ana", 0.75, 0.51), False),
        (Match("ana", 0.99, 0.99), False),
        (Match("ana", 0.60, -1.0), True),
        (Match(None, 1.00, -1.0), False),
        (Match("ana", float("nan"), 0.0), False),
        (Match("ana", 0.80, float("nan")), False),
    ],
)
def test_to_be_sure_takes_the_threshold_and_the_margin(found: Match, sure: bool) -> None:
    assert found.is_sure(threshold=0.5, margin=0.25) is sure


def test_one_photo_of_somebody_else_among_several_does_not_decide_alone() -> None:
    ana = [("ana", at(degrees)) for degrees in (-10, 0, 10)]

    misled = match(at(90), Gallery.of([*ana, ("ana", at(90))]))

    assert match(at(90), Gallery.of([("ana", at(90))])).score == 1.0
    assert misled.score == pytest.approx(0.66, abs=0.01)


def test_faces_that_cancel_each_other_out_leave_the_best_alone() -> None:
    assert match(at(0), Gallery.of([("ana", at(0)), ("ana", -at(0))])) == Match("ana", 0.5, -1.0)


def test_two_people_with_the_same_face_are_never_told_apart() -> None:
    found = match(at(0), Gallery.of([("ana", at(0)), ("bruno", at(0))]))

    assert (found.score, found.runner_up_score) == (1.0, 1.0)
    assert not found.is_sure(threshold=0.5, margin=0.05)


def test_a_cosine_never_leaves_its_range_by_rounding() -> None:
    long = at(0) * np.float32(1.0000002)

    assert cosine(long, long) == 1.0
    assert cosine(long, -long) == -1.0
    assert match(long, Gallery.of([("ana", long), ("bruno", -long)])) == Match("ana", 1.0, -1.0)


@pytest.mark.parametrize("degrees", [0, 60, 90, 135, 180])
def test_the_cosine_is_that_of_the_angle(degrees: float) -> None:
    assert cosine(at(17), at(17 + degrees)) == cos(degrees)


@given(
    people=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=30),
    size=st.sampled_from([1, 2, 3, 128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_match_is_what_looking_at_every_face_in_turn_finds(people: list[str], size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(len(people) + 1, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    probe, faces = vectors[-1], list(zip(people, vectors[:-1], strict=True))

    best = {person: like(probe, [vector for one, vector in faces if one == person]) for person in set(people)}
    found = match(probe, Gallery.of(faces))

    others = [score for person, score in best.items() if person != found.person]
    assert found.person is not None
    assert found.score == pytest.approx(max(best.values()), abs=1e-6)
    assert found.score == pytest.approx(best[found.person], abs=1e-6)
    assert found.runner_up_score == pytest.approx(max(others, default=-1.0), abs=1e-6)


# Faces that are not somebody's


def test_a_probe_as_like_to_a_face_that_is_not_theirs_as_to_their_own_is_not_them() -> None:
    faces = [("ana", at(0)), ("bruno", at(90))]
    gallery = Gallery.of(faces, [("ana", at(30))])

    assert match(at(14), gallery) == match(at(14), Gallery.of(faces))
    assert match(at(16), gallery) == Match("bruno", cos(74), cos(16), cos(16))  # type: ignore[arg-type]
    assert match(at(30), gallery) == Match("bruno", cos(60), cos(30), cos(30))  # type: ignore[arg-type]


def test_exactly_as_like_is_enough_to_be_barred() -> None:
    twin = at(20)

    assert match(twin, Gallery.of([("ana", twin)], [("ana", twin)])) == Match(None, 0.0, -1.0, 1.0)


def test_a_face_that_is_not_somebodys_bars_nobody_else() -> None:
    faces = [("ana", at(0)), ("bruno", at(20))]

    found = match(at(10), Gallery.of(faces, [("bruno", at(10))]))

    assert found == Match("ana", cos(10), cos(10), cos(10))  # type: ignore[arg-type]


def test_saying_who_it_is_not_lets_in_no_twin_who_came_second() -> None:
    faces = [("ana", at(0)), ("bruno", at(10))]

    found = match(at(4), Gallery.of(faces, [("ana", at(4))]))

    assert found == Match("bruno", cos(6), cos(4), cos(4))  # type: ignore[arg-type]
    assert not found.is_sure(threshold=0.0, margin=0.0)


def test_who_is_left_wins_where_the_barred_one_is_far_behind() -> None:
    faces = [("ana", at(0)), ("bruno", at(70))]

    found = match(at(65), Gallery.of(faces, [("ana", at(60))]))

    assert found == Match("bruno", cos(5), cos(65), cos(65))  # type: ignore[arg-type]
    assert found.is_sure(threshold=0.5, margin=0.05)


def test_everybody_can_be_barred() -> None:
    faces = [("ana", at(0)), ("bruno", at(20))]

    found = match(at(10), Gallery.of(faces, [("ana", at(10)), ("bruno", at(10))]))

    assert found == Match(None, 0.0, -1.0, cos(10))  # type: ignore[arg-type]
    assert not found.is_sure(threshold=0.0, margin=0.0)


def test_who_is_barred_for_everybody_is_nobody_and_still_the_runner_up() -> None:
    faces = [("ana", at(0)), ("bruno", at(20))]

    one = match(at(0), Gallery.of(faces, barred={"ana", "chen"}))
    both = match(at(0), Gallery.of(faces, barred=["bruno", "ana"]))

    assert one == Match("bruno", cos(20), 1.0, 1.0)  # type: ignore[arg-type]
    assert both == Match(None, 0.0, -1.0, 1.0)


def test_what_is_not_theirs_makes_nobody_known() -> None:
    nobody = Gallery.of([], [("ana", at(0))])
    other = Gallery.of([("bruno", at(90))], [("ana", at(0))])

    assert (nobody.people, other.people) == ((), ("bruno",))
    assert match(at(0), nobody) == Match(None, 0.0, -1.0)
    assert match(at(0), other) == match(at(0), Gallery.of([("bruno", at(90))]))


PEOPLE = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=20)


@given(
    people=PEOPLE,
    negatives=st.lists(st.sampled_from("abcdefgh"), max_size=10),
    shut=st.sets(st.sampled_from("abcdefgh"), max_size=3),
    size=st.sampled_from([2, 3, 128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_barred_person_is_never_the_one_and_still_the_runner_up(
    people: list[str], negatives: list[str], shut: set[str], size: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(len(people) + len(negatives) + 1, size)).astype(np.float32)
    probe, *rest = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    faces = list(zip(people, rest, strict=False))
    against = list(zip(negatives, rest[len(people) :], strict=True))

    def best(kept: list[tuple[str, Embedding]], person: str) -> float:
        return max((cosine(vector, probe) for one, vector in kept if one == person), default=-2.0)

    def likeness(person: str) -> float:
        return like(probe, [vector for one, vector in faces if one == person])

    left = [person for person in set(people) - shut if best(against, person) < best(faces, person)]
    barred = max((likeness(person) for person in set(people) - set(left)), default=-1.0)

    found = match(probe, Gallery.of(faces, against, shut))

    if not left:
        assert found == Match(None, 0.0, -1.0, pytest.approx(barred, abs=1e-6))  # type: ignore[arg-type]
        return
    likeliest = max(left, key=likeness)
    others = max((likeness(person) for person in set(people) - {likeliest}), default=-1.0)
    assert found.person == likeliest
    expected = (likeness(likeliest), others, barred)
    assert (found.score, found.runner_up_score, found.barred_score) == pytest.approx(expected, abs=1e-6)
