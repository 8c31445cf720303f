import numpy as np
import pytest

from training import verification
from training.known import KnownFaces
from training.verification import known_rows

KIN = np.repeat(np.arange(60), 4)
TONES = (KIN * 4).astype(np.uint8)  # each person in a light of their own


def alike(
    darkest: float, brightest: float
) -> tuple[KnownFaces, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Sixty people, four photos each; those of the darkest and the brightest third resemble each other."""
    random = np.random.default_rng(4)
    persons = random.normal(0, 1, (60, 24))
    persons[:20] += darkest * random.normal(0, 1, 24)
    persons[40:] += brightest * random.normal(0, 1, 24)
    vectors = persons[KIN] + random.normal(0, 0.5, (240, 24))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    first, second = np.triu_indices(240, 1)
    same = KIN[first] == KIN[second]
    crops = np.broadcast_to(TONES[:, None, None, None], (240, 112, 112, 3))
    return KnownFaces(crops, KIN, first[same], second[same], np.where(KIN % 2, 30.0, 60.0)), vectors


def test_thresholds_come_with_the_pairs_and_what_too_few_support_is_left_out() -> None:
    rows, threshold = known_rows(*alike(0.5, 0.5))

    assert threshold is not None
    assert rows["pairs of strangers, of one person"] == "28,320, 360"
    assert rows["FAR 0.001: threshold"].startswith(f"{threshold:.3f} (")
    assert rows["all and groups at threshold"] == f"{threshold:.3f}"
    assert rows["FAR 0.0001: threshold"] == rows["FAR 1e-05: TAR"] == "too few pairs"
    assert rows["all: FAR"].startswith("0.00099 (")  # 28 of them
    assert rows["all: FAR"].endswith(") of 28,320")
    assert rows["without colour: TAR"].endswith(") of 360")
    assert rows["in colour: TAR"] == rows["in colour: FAR"] == "too few pairs"


def test_the_worst_third_is_told_with_how_much_worse_it_is() -> None:
    rows, _ = known_rows(*alike(darkest=0.8, brightest=0.0))

    name = "FAR of the worst third by light, divided by the best"
    worst, best = (float(rows[f"{third}: FAR"].split()[0]) for third in ("darkest third", "brightest third"))
    assert worst > 3 * best
    times = rows[name].split()[0]
    assert times == "inf" or float(times) == pytest.approx(worst / best, rel=0.05)


def test_few_faces_are_judged_at_a_threshold_from_elsewhere_or_not_by_group() -> None:
    faces, vectors = alike(0.5, 0.5)
    few = slice(0, 40)
    within = (faces.first < 40) & (faces.second < 40)
    ten = KnownFaces(faces.crops[few], faces.kin[few], faces.first[within], faces.second[within])

    alone, nothing = known_rows(ten, vectors[few])
    rows, threshold = known_rows(ten, vectors[few], 0.9)

    assert (nothing, threshold) == (None, 0.9)
    assert list(alone)[-1] == "FAR 1e-05: TAR"
    assert rows["all and groups at threshold"] == "0.900"
    assert rows["FAR of the worst third by light, divided by the best"] == "too few pairs"


@pytest.mark.parametrize(("least", "told"), [(360, True), (361, False)])
def test_a_true_accept_rate_needs_pairs_of_one_person(
    least: int, *, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "LEAST_PAIRS", least)

    rows, _ = known_rows(*alike(0.5, 0.5))

    assert (rows["all: TAR"] != "too few pairs") == told
