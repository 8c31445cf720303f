import json
import re

import pytest

from tests.conftest import PHOTOS
from tests.owners import Owner


def test_the_figures_of_the_gallery_are_told_with_a_threshold_to_set(owner: Owner) -> None:
    for name in ("Ana", "Bruno", "Chen"):
        owner.does("enrol", name, *(PHOTOS / f"{name.lower()}-{at}.jpg" for at in (1, 2)))

    heading, *lines = owner.does("calibrate", "--rate", "0.01").splitlines()

    assert heading.startswith(
        "3 people, 6 faces; threshold 0.511: at most 1 in 1,000 visits of strangers, for 3 people"
    )
    assert lines[1].split() == ["different", "people", "score", "same", "person"]
    assert any(re.fullmatch(r" *#+  +0\.\d\d.*", line) for line in lines)
    assert any(re.fullmatch(r" +0\.\d\d. #+", line) for line in lines)
    wrong = "0 of 12 (0.00%, 95 % from 0.00% to 24.25%)"
    assert f"Different people taken for each other at 0.511: {wrong}" in lines
    unrecognised = "0 of 6 (0.00%, 95 % from 0.00% to 39.03%)"
    assert f"People not recognised by their other photos: {unrecognised}" in lines
    assert len([line for line in lines if re.fullmatch(r"  0\.\d{3}  \w+ and \w+", line)]) == 3
    assert "For 1 in 100 visits: PORTEIRO_FAR_PER_VISIT=0.01" in lines


def test_the_same_figures_are_there_as_json(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    found = json.loads(owner.does("calibrate", "--json"))
    assert (found["people"], found["faces"], found["false_rejects"]["pairs"]) == (1, 2, 2)
    assert found["suggestion"]["setting"] == "PORTEIRO_FAR_PER_VISIT=0.001"
    assert found["missing"] == [
        "Enrol at least two people: how alike different people are cannot be told yet."
    ]


def test_photos_that_disagree_are_told_with_whom_they_are_like(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg")
    owner.does("enrol", "Ana", "--accept-unlike-own", PHOTOS / "bruno-1.jpg")
    owner.does("enrol", "Bruno", "--accept-like-another", PHOTOS / "bruno-2.jpg", PHOTOS / "bruno-3.jpg")

    lines = owner.does("calibrate").splitlines()

    doubted = lines[lines.index("Photos that the same person's others do not confirm:") + 1 :][:2]
    assert [line.split()[1] for line in doubted] == ["Ana", "Ana"]
    assert sorted(line.partition("/photo")[2] for line in doubted) == ["", " more like Bruno"]


def test_two_people_under_one_name_are_told_with_a_photo_of_each_and_what_to_do(owner: Owner) -> None:
    owner.does("enrol", "Ana", PHOTOS / "ana-1.jpg", PHOTOS / "ana-2.jpg")
    owner.does("enrol", "Ana", "--accept-unlike-own", PHOTOS / "chen-1.jpg", PHOTOS / "chen-2.jpg")

    lines = owner.does("calibrate").splitlines()

    at = lines.index("Photos under one name that look like several people's:")
    assert re.fullmatch(r"  -?0\.\d{3}  Ana: 2 photos as \S+/photo, 2 photos as \S+/photo", lines[at + 1])
    assert lines[at + 2].strip().startswith("Is each of them Ana?")


def test_in_an_empty_house_the_pack_s_threshold_is_suggested(owner: Owner) -> None:
    said = owner.does("calibrate")
    assert "There is nothing to compare yet." in said
    assert "nobody to compare" in said
    assert "For 1 in 1,000 visits: PORTEIRO_FAR_PER_VISIT=0.001" in said


@pytest.mark.parametrize("rate", ["0", "0.2", "often"])
def test_a_rate_that_cannot_be_wanted_is_refused(newcomer: Owner, rate: str) -> None:
    result = newcomer.types("calibrate", "--rate", rate)
    assert (result.exit_code, result.stdout) == (2, "")
