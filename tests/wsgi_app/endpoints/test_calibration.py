"""How sure are we: the owner's gallery against itself."""

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.forms import HTML
from tests.galleries import SHARP
from tests.servers import InProcessServer, enrolled, post_photo
from wsgi_app.house.house import House
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.match import cosine
from wsgi_app.vision.packs import Threshold

Photo = Callable[[str], bytes]


@pytest.fixture
def people(server: InProcessServer, photo: Photo) -> dict[str, str]:
    """Three people with two photos each, by their names."""
    return {
        name: enrolled(server, name, photo(f"{name.lower()}-1"), photo(f"{name.lower()}-2"))
        for name in ("Ana", "Bruno", "Chen")
    }


def page_of(server: InProcessServer, path: str = "/calibration") -> str:
    answer = server.ask("GET", path, headers=HTML)
    assert answer.status == 200
    return answer.body.decode()


def test_everybody_is_compared_with_everybody(
    server: InProcessServer, people: dict[str, str], threshold: Threshold
) -> None:
    found = server.ask("GET", "/calibration").json

    assert (found["people"], found["faces"], found["missing"]) == (3, 6, [])
    assert (found["threshold"], found["measured_on"]) == (
        threshold.score,
        "at most 1 in 1,000 visits of strangers, for 3 people",
    )
    assert (found["false_accepts"]["errors"], found["false_accepts"]["pairs"]) == (0, 12)
    assert (found["false_rejects"]["errors"], found["false_rejects"]["pairs"]) == (0, 6)
    assert sum(each["genuine"] for each in found["histogram"]) == 6
    assert sum(each["impostor"] for each in found["histogram"]) == 12
    pairs = {tuple(sorted(face["person"]["name"] for face in pair["faces"])) for pair in found["most_alike"]}
    assert pairs == {("Ana", "Bruno"), ("Ana", "Chen"), ("Bruno", "Chen")}
    assert found["doubtful"] == []


def test_with_few_pairs_the_suggestion_is_the_pack_s_and_says_why(
    server: InProcessServer, people: dict[str, str], threshold: Threshold
) -> None:
    suggestion = server.ask("GET", "/calibration").json["suggestion"]

    assert suggestion["setting"] == "PORTEIRO_FAR_PER_VISIT=0.001"
    assert (suggestion["wanted_rate"], suggestion["threshold"], suggestion["from_gallery"]) == (
        0.001,
        threshold.score,
        False,
    )
    highest = server.ask("GET", "/calibration").json["most_alike"][0]["score"]
    assert suggestion["reason"] == (
        "The 12 comparisons of different people here are too few to tell 1 in 1,000 visits apart. "
        "The pack keeps to at most 1 in 1,000 visits of strangers, for 3 people, "
        f"from {threshold.score:.3f} on. "
        f"The most alike that two people here are is {highest:.3f}, which it is above."
    )


def test_relatives_set_the_floor(server: InProcessServer, people: dict[str, str], photo: Photo) -> None:
    twin = enrolled(server, "Twin")
    post_photo(server, f"/people/{twin}/faces?accept=like_another", photo("ana-3"))

    found = server.ask("GET", "/calibration").json

    first = found["most_alike"][0]
    assert {face["person"]["name"] for face in first["faces"]} == {"Ana", "Twin"}
    assert found["false_accepts"]["errors"] == 3
    assert found["suggestion"]["threshold"] == pytest.approx(first["score"], abs=0.001)
    assert found["suggestion"]["false_accepts"]["errors"] == 0
    words = f"Two people here are as alike as {first['score']:.3f}, so it lies just above that."
    assert found["suggestion"]["reason"].endswith(words)
    assert found["missing"] == [
        "Enrol at least two photos each: there is one alone of Twin, which cannot be compared."
    ]


def test_a_gallery_large_enough_speaks_for_itself(
    server: InProcessServer, people: dict[str, str], house: House, stores: Stores
) -> None:
    random, size = np.random.default_rng(3), house.pipeline.pack.embedder.embedding_size
    for person in people.values():
        for vector in random.normal(size=(13, size)).astype(np.float32):
            embedding = Embedding(house.embedder, vector / np.linalg.norm(vector))
            stores.faces.add(person, b"", SHARP, embedding)

    suggestion = server.ask("GET", "/calibration?rate=0.1").json["suggestion"]

    assert (suggestion["from_gallery"], suggestion["false_accepts"]["errors"]) == (True, 3)
    assert suggestion["reason"] == (
        "Of 90 comparisons of different people here, 3 reach it: no more than 1 in 10 visits."
    )


def test_a_photo_of_ana_among_bruno_s_is_doubtful_and_ana_s_own_are_not(
    server: InProcessServer, people: dict[str, str], house: House, stores: Stores
) -> None:
    ana, second = (
        face for face in stores.gallery.rows(house.embedder).faces if face.person_id == people["Ana"]
    )
    mean = ana.vector + second.vector
    to_mean = cosine(ana.vector, mean / np.linalg.norm(mean))
    wrong = stores.faces.add(people["Bruno"], b"", SHARP, Embedding(house.embedder, ana.vector))

    doubt, *others = server.ask("GET", "/calibration").json["doubtful"]

    assert others == []
    assert (doubt["face"]["person"]["name"], doubt["face"]["face"]) == ("Bruno", wrong.id)
    assert doubt["other"] == "Ana"
    assert doubt["other_score"] == pytest.approx((1 + to_mean) / 2, abs=1e-3)
    address = f"http://localhost/porteiro/people/{people['Bruno']}"
    assert doubt["face"]["links"] == {"person": address, "photo": f"{address}/faces/{wrong.id}/photo"}


def test_two_people_under_one_name_are_shown_as_two_groups_with_what_to_do(
    server: InProcessServer, people: dict[str, str], photo: Photo
) -> None:
    before = server.ask("GET", "/calibration").json
    for name in ("chen-3", "chen-4", "chen-5"):
        post_photo(server, f"/people/{people['Ana']}/faces?accept=like_another,unlike_own", photo(name))

    found = server.ask("GET", "/calibration").json
    page = page_of(server)

    assert before["divided"] == []
    (divided,) = found["divided"]
    assert divided["person"] == {"id": people["Ana"], "name": "Ana"}
    assert divided["score"] < 0.41
    assert [(group["count"], len(group["faces"])) for group in divided["groups"]] == [(3, 3), (2, 2)]
    assert divided["advice"].startswith("Is each of them Ana? Remove the photos of anybody else")
    assert "Two people under one name?" in page
    shown = [face["links"]["photo"] for group in divided["groups"] for face in group["faces"]]
    assert all(f'<img src="{photo}" alt="Group' in page for photo in shown)


def test_photos_are_not_said_to_agree_where_two_people_may_share_a_name(
    server: InProcessServer, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    for name in ("ana-2", "ana-3", "chen-3", "chen-4", "chen-5"):
        post_photo(server, f"/people/{ana}/faces?accept=unlike_own", photo(name))

    found, page = server.ask("GET", "/calibration").json, page_of(server)

    assert (len(found["divided"]), found["doubtful"]) == (1, [])
    assert "All photos agree" not in page
    assert "whole groups disagree" in page


def test_what_is_kept_as_not_somebody_s_does_not_count(
    server: InProcessServer, people: dict[str, str], house: House, stores: Stores
) -> None:
    before = server.ask("GET", "/calibration").json
    vector = np.eye(house.pipeline.pack.embedder.embedding_size, dtype=np.float32)[0]
    stores.faces.add(people["Ana"], b"", SHARP, Embedding(house.embedder, vector), Source(negative=True))

    assert server.ask("GET", "/calibration").json == before


@pytest.mark.parametrize("people", [0, 1])
def test_a_house_that_cannot_be_measured_yet_says_what_is_missing(
    server: InProcessServer, photo: Photo, people: int
) -> None:
    for name in ["Ana"][:people]:
        enrolled(server, name, photo("ana-1"))

    found, page = server.ask("GET", "/calibration").json, page_of(server)

    lone = ["Enrol at least two photos each: there is one alone of Ana, which cannot be compared."][:people]
    assert found["missing"] == [
        "Enrol at least two people: how alike different people are cannot be told yet.",
        *lone,
    ]
    assert all(sentence in page for sentence in found["missing"])
    assert found["false_accepts"] == {"errors": 0, "pairs": 0, "share": None, "low": 0.0, "high": 1.0}
    assert found["suggestion"]["setting"] == "PORTEIRO_FAR_PER_VISIT=0.001"
    assert "nothing to compare yet" in page


def test_the_page_draws_the_scores_and_has_the_same_figures_as_a_table(
    server: InProcessServer, people: dict[str, str]
) -> None:
    found, page = server.ask("GET", "/calibration").json, page_of(server)

    svg = re.search(r"<svg viewBox=.*?</svg>", page, re.DOTALL)
    assert svg is not None
    drawing = ElementTree.fromstring(svg[0])
    steps = [len([each for each in found["histogram"] if each[kind]]) for kind in ("genuine", "impostor")]
    assert [len(drawing.findall(f"g[@class='{kind}']/rect")) for kind in ("same", "different")] == steps
    assert drawing.findtext("title") == "Likeness of the same people's photos, and of different people's"
    for each in found["histogram"]:
        counts = f"<td>{each['genuine']}</td><td>{each['impostor']}</td>"
        row = f"{each['low']:.2f} to {each['high']:.2f}</th>{counts}"
        assert (row in page) == bool(each["genuine"] or each["impostor"])
    assert "<code>PORTEIRO_FAR_PER_VISIT=0.001</code>" in page


def test_the_page_holds_no_style_or_script_of_its_own(
    server: InProcessServer, people: dict[str, str]
) -> None:
    page = page_of(server)

    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", page))


def test_a_name_cannot_bring_markup(server: InProcessServer, photo: Photo) -> None:
    enrolled(server, "<b>Ana</b>", photo("ana-1"))
    enrolled(server, "Bruno", photo("bruno-1"))

    page = page_of(server)

    assert "&lt;b&gt;Ana&lt;/b&gt;" in page
    assert "<b>Ana" not in page


@pytest.mark.parametrize("rate", ["0", "-1", "0.51", "1e-7", "nan", "inf", "many", "0,001", "%ff"])
def test_a_rate_that_cannot_be_wanted_is_refused(server: InProcessServer, rate: str) -> None:
    answer = server.ask("GET", f"/calibration?rate={rate}")
    assert (answer.status, answer.error) == (400, "bad_query")


def test_a_wanted_rate_is_offered_beside_the_usual_ones(server: InProcessServer) -> None:
    page = page_of(server, "/calibration?rate=0.02")

    offered = re.findall(r'<option value="([^"]+)"( selected)?>([^<]+)</option>', page)
    assert offered == [
        ("0.02", " selected", "1 in 50"),
        ("0.01", "", "1 in 100"),
        ("0.001", "", "1 in 1,000"),
        ("0.0001", "", "1 in 10,000"),
    ]


def test_the_answer_is_json_for_programs_and_a_page_for_browsers(server: InProcessServer) -> None:
    types = [
        server.ask("GET", "/calibration", headers={"Accept": accept}).headers["Content-Type"]
        for accept in ("*/*", "application/json", "text/html")
    ]
    other = server.ask("GET", "/calibration", headers={"Accept": "image/png"})

    assert [each.partition(";")[0] for each in types] == ["application/json", "application/json", "text/html"]
    assert other.status == 406
    assert json.loads(other.body)["error"]["code"] == "not_acceptable"
