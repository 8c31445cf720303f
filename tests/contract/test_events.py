"""What happens, over REST, in this process and through nginx and uWSGI."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.servers import Server, path_of, post_json, post_photo

Photo = Callable[[str], bytes]
NO_HOUSE_HAS_IT = 10**15


def last_number(server: Server) -> int:
    """The number of the latest event."""
    return int(server.ask("GET", f"/events?after={NO_HOUSE_HAS_IT}").json["last"])


def test_a_visit_is_told_after_what_was_there(any_server: Server, photo: Photo, ana: str) -> None:
    before = last_number(any_server)
    visit = post_photo(any_server, "/", photo("ana-3")).json

    answer = any_server.ask("GET", f"/events?after={before}")

    (told,) = [event for event in answer.json["events"] if event["subject"] == visit["visit"]]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["last"] >= told["number"] > before
    assert list(told) == ["number", "at", "kind", "action", "subject", "visit"]
    assert (told["kind"], told["action"], told["at"]) == ("visit", "came", told["visit"]["at"])
    assert {key: told["visit"][key] for key in ("id", "outcome", "person", "score")} == {
        "id": visit["visit"],
        "outcome": "known",
        "person": {"id": ana, "name": "Ana"},
        "score": visit["score"],
    }


def test_events_are_paged_from_the_oldest_on(any_server: Server) -> None:
    before = last_number(any_server)
    said = [post_json(any_server, "/messages", {"text": f"number {n}"}).json["subject"] for n in range(3)]

    found, path = [], f"/events?after={before}&limit=1"
    while path:
        page = any_server.ask("GET", path)
        found += page.json["events"]
        link = page.headers.get("Link", "")
        path = path_of(any_server, link[1 : link.index(">")]) if link else ""

    assert [event["subject"] for event in found if event["subject"] in said] == said
    assert [event["number"] for event in found] == sorted({event["number"] for event in found})


def test_from_the_beginning_is_after_0_or_after_nothing(any_server: Server) -> None:
    post_json(any_server, "/messages", {"text": "Hello"})

    first, same = (any_server.ask("GET", f"/events?limit=1{query}").json for query in ("", "&after=0"))

    assert first == same
    assert len(first["events"]) == 1


def test_a_number_of_another_house_says_to_begin_anew(any_server: Server) -> None:
    answer = any_server.ask("GET", f"/events?after={NO_HOUSE_HAS_IT}").json

    assert answer == {"events": [], "last": answer["last"], "reset": True}


@pytest.mark.parametrize("after", ["-1", "1.5", "yesterday", "00", "9" * 40, "%D9%A1"])
def test_after_takes_whole_numbers_alone(any_server: Server, after: str) -> None:
    answer = any_server.ask("GET", f"/events?after={after}")

    assert (answer.status, answer.error) == (400, "bad_query")


def test_a_message_is_kept_as_one_clean_line(any_server: Server) -> None:
    before = last_number(any_server)
    answer = post_json(any_server, "/messages", {"text": " The plumber\n<b>comes</b>\x07 at ten "})

    events = any_server.ask("GET", f"/events?after={before}").json["events"]
    (told,) = [event for event in events if event["subject"] == answer.json["subject"]]
    assert answer.status == 202
    assert (told["kind"], told["action"], told["text"]) == (
        "message",
        "said",
        "The plumber <b>comes</b> at ten",
    )


def test_a_pages_form_says_the_same_and_goes_back_to_the_dashboard(any_server: Server) -> None:
    before = last_number(any_server)
    answer = any_server.ask(
        "POST",
        "/messages",
        urlencode({"text": "Olá"}).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )

    events = any_server.ask("GET", f"/events?after={before}").json["events"]
    assert (answer.status, answer.headers["Location"].endswith(f"{any_server.prefix}/")) == (303, True)
    assert [event["text"] for event in events if event["kind"] == "message"] == ["Olá"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": ""}, "empty_message"),
        ({"text": "x" * 501}, "long_message"),
        ({"text": "x" * 10_001}, "json_shape"),
        ({"text": 5}, "json_shape"),
        ({}, "json_shape"),
        ({"text": "a", "by": "Olga"}, "json_shape"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(
    any_server: Server, body: dict[str, object], code: str
) -> None:
    answer = post_json(any_server, "/messages", body)

    assert (answer.status, answer.error) == (422, code)


def test_without_a_websocket_the_live_feed_says_where_it_is(any_server: Server) -> None:
    asked, posted = any_server.ask("GET", "/live"), any_server.ask("POST", "/live", b"")

    assert (asked.status, asked.error, asked.headers["Upgrade"]) == (426, "upgrade_required", "websocket")
    assert "ws://" in asked.json["error"]["message"]
    assert (posted.status, posted.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
