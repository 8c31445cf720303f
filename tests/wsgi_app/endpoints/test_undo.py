from collections.abc import Callable

import pytest

from tests.accounts import add_account, basic, signed_in
from tests.conftest import Clock
from tests.forms import HTML, post_form
from tests.servers import InProcessServer, enrolled, path_of, post_json, post_photo
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]
HERE = "http://localhost/porteiro"


def undo_of(server: InProcessServer, link: str) -> str:
    """The address in a ``Link`` header that undoes something."""
    address, _, rel = link.partition("; ")
    assert rel == 'rel="undo"'
    return path_of(server, address[1:-1])


def test_every_answer_to_a_change_says_where_it_is_undone(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    visits = [post_photo(server, "/", photo(name)).json["visit"] for name in ("chen-1", "dana-1", "eun-1")]
    correction = f"/visits/{visits[0]}/correction"

    answers = [
        post_photo(server, f"/people/{ana}/faces", photo("ana-2")),
        post_json(server, "/unknown/name", {"visits": visits[:1], "name": "Chen"}),
        post_json(server, "/unknown/not", {"visits": visits[1:], "person": ana}),
        server.ask("PUT", correction, b'{"verdict": "nobody"}', {"Content-Type": "application/json"}),
    ]
    silent = [
        server.ask("DELETE", correction),
        post_json(server, "/unknown/ignore", {"visits": visits[2:]}),
        server.ask("DELETE", f"/people/{ana}/faces/{stores.faces.of(ana)[0].id}"),
    ]

    assert [answer.status for answer in (*answers, *silent)] == [201, 200, 200, 200, 204, 204, 204]
    ways = [path_of(server, answer.json["links"]["undo"]) for answer in answers]
    ways += [undo_of(server, answer.headers["Link"]) for answer in silent]
    assert [server.ask("POST", way).status for way in reversed(ways)] == [204] * 7
    assert [person.name for person in stores.people.page(10)] == ["Ana"]
    assert len(stores.faces.of(ana)) == 1
    assert stores.corrections.of(visits) == {}


def test_it_is_undone_once_and_what_was_changed_since_is_a_conflict(
    server: InProcessServer, photo: Photo, clock: Clock
) -> None:
    visits = [post_photo(server, "/", photo("chen-1")).json["visit"]]
    named = post_json(server, "/unknown/name", {"visits": visits, "name": "Chen"}).json
    way = path_of(server, named["links"]["undo"])
    clock.advance(1)
    ignored = post_json(server, "/unknown/ignore", {"visits": visits})

    since = server.ask("POST", way)
    server.ask("POST", undo_of(server, ignored.headers["Link"]))
    answers = [server.ask("POST", way), server.ask("POST", way), server.ask("POST", "/undo/" + "f" * 32)]

    assert (since.status, since.error) == (409, "changed_since")
    assert "Undo that first" in since.json["error"]["message"]
    assert [answer.status for answer in answers] == [204, 404, 404]
    assert "undone already" in answers[1].json["error"]["message"]


def test_the_next_page_offers_to_undo_and_then_says_that_it_is(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    (face,) = stores.faces.of(ana)
    removed = post_form(server, f"/people/{ana}/faces/{face.id}", {"_method": "DELETE"})
    place = path_of(server, removed.headers["Location"])

    page = server.ask("GET", place, headers=HTML)
    way = place.partition("?undo=")[2]
    undone = post_form(server, f"/undo/{way}", {})
    after = server.ask("GET", path_of(server, undone.headers["Location"]), headers=HTML)

    assert "The photo is removed." in page.body.decode()
    assert f'action="{HERE}/undo/{way}"' in page.body.decode()
    assert (undone.status, undone.headers["Location"]) == (303, f"{HERE}/people/{ana}?undone=face_removed")
    assert "Undone: it is as it was before." in after.body.decode()
    assert stores.faces.of(ana) == [face]
    assert "/undo/" not in server.ask("GET", place, headers=HTML).body.decode()


def test_a_page_that_is_too_old_says_so_and_leads_back_to_it(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    ana = enrolled(server, "Ana", photo("ana-1"))
    removed = post_form(
        server, f"/people/{ana}/faces/{stores.faces.of(ana)[0].id}", {"_method": "DELETE"}
    ).headers["Location"]
    way = removed.partition("?undo=")[2]
    post_form(server, f"/undo/{way}", {})

    again = post_form(server, f"/undo/{way}", {}, Referer=removed)

    assert again.status == 404
    assert "<h1>Too late to undo</h1>" in again.body.decode()
    assert "Back to the page</a>" in again.body.decode()


def test_a_page_says_that_something_is_undone_only_of_what_can_be(server: InProcessServer) -> None:
    pages = [
        server.ask("GET", f"/unknown?undone={deed}", headers=HTML).body.decode()
        for deed in ("named", "anything")
    ]

    assert ["Undone: it is as it was before." in page for page in pages] == [True, False]


@pytest.mark.parametrize("who", ["viewer", "nobody", "without CSRF"])
def test_only_who_may_change_things_may_undo(
    who: str, closed_server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    add_account(stores)
    add_account(stores, "Vera", "viewer")
    ana = stores.people.add("Ana").id
    added = post_photo(closed_server, f"/people/{ana}/faces", photo("ana-1"), headers=basic())
    way = path_of(closed_server, added.json["links"]["undo"])
    headers = {
        "viewer": basic("Vera"),
        "nobody": {},
        "without CSRF": signed_in(closed_server) if who == "without CSRF" else {},
    }

    answer = closed_server.ask("POST", way, headers=headers[who])

    assert answer.status == {"viewer": 403, "nobody": 401, "without CSRF": 403}[who]
    assert len(stores.faces.of(ana)) == 1


def test_a_viewer_is_not_offered_it(closed_server: InProcessServer, stores: Stores, photo: Photo) -> None:
    add_account(stores)
    add_account(stores, "Vera", "viewer")
    ana = stores.people.add("Ana").id
    added = post_photo(closed_server, f"/people/{ana}/faces", photo("ana-1"), headers=basic())
    change = added.json["links"]["undo"].rpartition("/")[2]

    page = closed_server.ask("GET", f"/people/{ana}?undo={change}", headers={**HTML, **basic("Vera")})

    assert "/undo/" not in page.body.decode()
