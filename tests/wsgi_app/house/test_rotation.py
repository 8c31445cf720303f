"""A change of models while the house is served: some workers have the earlier ones, others the later ones."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.rotation import FRIENDS, STRANGERS, STRICTER, TURNED_SIZE, fill
from tests.servers import Answer, InProcessServer, enrolled, path_of, post_json, post_photo, served
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.steps import Steps
from wsgi_app.house import gallery as galleries
from wsgi_app.house.embedding import embed_anew
from wsgi_app.house.house import House, put_together, see_everybody
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.packs import pack_in
from wsgi_app.vision.pipeline import Pipeline

Photo = Callable[[str], bytes]


@pytest.fixture(scope="module")
def turned(turned_folder: Path) -> Pipeline:
    """The models of another pack."""
    return Pipeline(pack_in(turned_folder), turned_folder, None, PictureLimits())


@pytest.fixture
def later(house: House, turned: Pipeline) -> House:
    """The same house as a worker has it that was started with another pack."""
    config = replace(house.config, tries=0)
    return put_together(config, house.stores, turned, ProcessCounters())


@pytest.fixture
def old(house: House) -> InProcessServer:
    """A worker with the earlier models."""
    return served(house, tries=0)


@pytest.fixture
def new(later: House) -> InProcessServer:
    """A worker with the later ones."""
    return served(later)


@pytest.fixture(params=["the earlier one first", "the later one first"])
def workers(
    request: pytest.FixtureRequest, old: InProcessServer, new: InProcessServer
) -> tuple[InProcessServer, InProcessServer]:
    """Both, in either order."""
    return (old, new) if request.param == "the earlier one first" else (new, old)


def press(server: InProcessServer, photo: bytes) -> tuple[int, str | None]:
    """The status of the answer, and whom it names."""
    answer = post_photo(server, "/", photo)
    person = answer.json.get("person")
    return answer.status, person and str(person["name"])


def undo(server: InProcessServer, answer: Answer) -> int:
    """Take back what a ``Link`` header offers to."""
    return server.ask("POST", path_of(server, answer.headers["Link"].partition(">")[0][1:])).status


def test_who_is_enrolled_at_one_worker_is_known_at_the_other(
    workers: tuple[InProcessServer, InProcessServer], photo: Photo
) -> None:
    one, other = workers
    enrolled(one, "Ana", photo("ana-1"), photo("ana-2"))
    enrolled(other, "Bruno", photo("bruno-1"), photo("bruno-2"))

    for worker in workers:
        assert [press(worker, photo(name)) for name in ("ana-3", "bruno-3", "chen-1")] == [
            (200, "Ana"),
            (200, "Bruno"),
            (404, None),
        ]


def test_each_worker_compares_with_what_its_own_embedder_saw(
    house: House, later: House, old: InProcessServer, photo: Photo
) -> None:
    enrolled(old, "Ana", photo("ana-1"), photo("ana-2"))

    shapes = [each.gallery.now().gallery.embeddings.shape for each in (house, later)]

    assert shapes == [(2, house.pipeline.pack.embedder.embedding_size), (2, TURNED_SIZE)]


def test_a_photo_that_is_removed_and_brought_back_counts_for_both(
    workers: tuple[InProcessServer, InProcessServer], stores: Stores, photo: Photo
) -> None:
    one, other = workers
    ana = enrolled(one, "Ana", photo("ana-1"))
    (face,) = stores.faces.of(ana)
    assert press(other, photo("ana-3")) == (200, "Ana")

    removed = one.ask("DELETE", f"/people/{ana}/faces/{face.id}")
    without = [press(worker, photo("ana-3")) for worker in workers]
    assert undo(other, removed) == 204

    assert without == [(404, None)] * 2
    assert [press(worker, photo("ana-3")) for worker in workers] == [(200, "Ana")] * 2


def test_an_enrolment_is_taken_back_at_the_other_worker(
    workers: tuple[InProcessServer, InProcessServer], stores: Stores, photo: Photo
) -> None:
    one, other = workers
    ana = enrolled(one, "Ana")
    added = post_photo(one, f"/people/{ana}/faces", photo("ana-1"))
    assert press(other, photo("ana-3")) == (200, "Ana")

    assert other.ask("POST", path_of(other, added.json["links"]["undo"])).status == 204

    assert [press(worker, photo("ana-3")) for worker in workers] == [(404, None)] * 2
    assert stores.faces.of(ana) == []


def test_who_is_said_not_to_be_somebody_at_one_worker_is_not_taken_for_them_at_the_other(
    workers: tuple[InProcessServer, InProcessServer], photo: Photo
) -> None:
    one, other = workers
    enrolled(one, "Zoe", photo("eun-1"))
    assert [press(worker, photo("eun-2")) for worker in workers] == [(200, "Zoe")] * 2
    visit = post_photo(one, "/", photo("eun-2")).json["visit"]

    said = post_json(one, f"/visits/{visit}/correction", {"verdict": "nobody"}, "PUT")

    assert said.status == 200
    answers = [post_photo(worker, "/", photo("eun-2")) for worker in (other, one)]
    assert [(answer.status, answer.json["reason"]) for answer in answers] == [(404, "barred")] * 2


def test_the_same_photo_is_refused_for_somebody_else_at_the_other_worker(
    workers: tuple[InProcessServer, InProcessServer], photo: Photo
) -> None:
    one, other = workers
    enrolled(one, "Ana", photo("ana-1"))
    bruno = enrolled(other, "Bruno")

    answer = post_photo(other, f"/people/{bruno}/faces", photo("ana-1"))

    assert (answer.status, answer.error) == (409, "duplicate")


def test_the_threshold_in_force_is_that_of_the_models_that_look(
    house: House, later: House, old: InProcessServer, photo: Photo
) -> None:
    for name in FRIENDS:
        enrolled(old, name.title(), photo(f"{name}-1"))

    assert round(later.threshold.score - house.threshold.score, 3) == STRICTER
    assert round(later.policy.threshold - house.policy.threshold, 3) == STRICTER


def test_the_inbox_has_the_faces_that_the_present_models_saw(
    old: InProcessServer, new: InProcessServer, photo: Photo
) -> None:
    visits = [post_photo(server, "/", photo("chen-1")).json["visit"] for server in (old, new, new)]

    inboxes = [server.ask("GET", "/unknown").json["clusters"] for server in (old, new)]

    assert [[[visit["id"] for visit in each["visits"]] for each in found] for found in inboxes] == [
        [[visits[0]]],
        [[visits[2], visits[1]]],
    ]


def test_a_likeness_is_not_held_against_the_threshold_of_other_models(
    old: InProcessServer, new: InProcessServer, photo: Photo
) -> None:
    enrolled(old, "Ana", photo("ana-1"))
    visit = post_photo(old, "/", photo("ana-3")).json["visit"]

    pages = [
        server.ask("GET", f"/visits/{visit}", headers={"Accept": "text/html"}).body.decode()
        for server in (old, new)
    ]

    assert ["lets in now" in page for page in pages] == [True, False]
    assert ["as other models found" in page for page in pages] == [False, True]


# Faces that cannot be embedded


def test_nobody_is_taken_for_somebody_of_whom_it_is_not_known_any_more_who_is_not_them(
    old: InProcessServer, new: InProcessServer, stores: Stores, photo: Photo
) -> None:
    zoe = enrolled(old, "Zoe", photo("eun-1"))
    enrolled(old, "Ana", photo("ana-1"), photo("ana-2"))
    visit = post_photo(old, "/", photo("eun-2")).json["visit"]
    post_json(old, f"/visits/{visit}/correction", {"verdict": "nobody"}, "PUT")
    (barring,) = (face for face in stores.faces.of(zoe) if face.negative)
    stores.photos.path(barring.crop).unlink()

    with capture_logs() as logs:
        answers = [post_photo(new, "/", photo(name)) for name in ("eun-2", "eun-3", "ana-3")]

    assert [(answer.status, answer.json["reason"]) for answer in answers] == [
        (404, "barred"),
        (404, "barred"),
        (200, None),
    ]
    assert [line["file"] for line in logs if line["event"] == "a kept crop cannot be read"] == [barring.crop]


def test_a_photo_whose_crop_is_gone_is_as_if_it_were_not_there(
    old: InProcessServer, new: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(old, "Ana", photo("ana-1"), photo("ana-2"))
    enrolled(old, "Bruno", photo("bruno-1"))
    stores.photos.path(stores.faces.of(ana)[0].crop).unlink()
    (of_bruno,) = stores.faces.of(enrolled(old, "Bruno"))
    stores.photos.path(of_bruno.crop).write_bytes(b"no picture")

    assert [press(new, photo(name)) for name in ("ana-3", "bruno-3")] == [(200, "Ana"), (404, None)]
    assert [press(old, photo(name)) for name in ("ana-3", "bruno-3")] == [(200, "Ana"), (200, "Bruno")]


def test_while_many_are_new_to_the_models_nobody_is_judged_and_each_question_takes_a_part(
    old: InProcessServer, new: InProcessServer, stores: Stores, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(galleries, "MOST_AT_ONCE", 2)
    for name in ("ana", "bruno", "chen", "dana", "goro"):
        enrolled(old, name.title(), photo(f"{name}-1"))

    answers = [post_photo(new, "/", photo("ana-3")) for _ in range(3)]

    assert [answer.status for answer in answers] == [503, 503, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["2", "2", None]
    assert answers[0].error == "unavailable"
    assert len(stores.visits.page(10)) == 1


# From one pack to another and back


def test_a_house_of_two_hundred_goes_to_another_pack_and_back(
    house: House, later: House, old: InProcessServer, new: InProcessServer, photo: Photo, steps: Steps
) -> None:
    fill(house.stores, house.pipeline, 200, steps)
    seen: list[tuple[int, int]] = []

    for there in (later, house, later):
        embed_anew(there.pipeline, house.stores, steps, lambda *progress: seen.append(progress))

    assert seen == [(done, 400) for done in range(1, 401)]
    assert [len(each.gallery.now().gallery.people) for each in (house, later)] == [200, 200]
    for server in (old, new):
        friends = [press(server, photo(f"{name}-3")) for name in FRIENDS]
        assert friends == [(200, name.title()) for name in FRIENDS]
        assert {press(server, photo(f"{name}-1")) for name in STRANGERS} == {(404, None)}


def test_a_house_that_starts_with_models_that_nobody_prepared_sees_everybody_first(
    house: House, later: House, old: InProcessServer, stores: Stores, photo: Photo
) -> None:
    enrolled(old, "Ana", photo("ana-1"), photo("ana-2"))

    with capture_logs() as first:
        see_everybody(later)
    with capture_logs() as second:
        see_everybody(later)
        see_everybody(house)

    assert stores.gallery.unseen_by(later.embedder) == []
    assert [(line["log_level"], line["faces"]) for line in first] == [("warning", 2)]
    assert second == []
