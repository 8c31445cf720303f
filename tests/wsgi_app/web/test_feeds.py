import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

import pytest

from wsgi_app.web.feeds import ATOM, AtomEntry, AtomFeed, AtomLink, atom, comma_separated, urn

NAMES = {"a": ATOM}
MONDAY = datetime(2026, 1, 5, 10, tzinfo=UTC)
ENTRY = AtomEntry(
    "urn:uuid:1",
    "Ana was let in",
    "At the front door",
    MONDAY,
    MONDAY + timedelta(hours=1),
    (AtomLink("alternate", "http://house/visits/1?a=1&b=2", "text/html"),),
)
FEED = AtomFeed(
    "urn:uuid:0", "Visits", "Porteiro", MONDAY, (AtomLink("self", "http://house/visits"),), (ENTRY,)
)


def children(element: Xml.Element) -> list[tuple[str, str | None, dict[str, str]]]:
    return [(child.tag.removeprefix(f"{{{ATOM}}}"), child.text, child.attrib) for child in element]


def test_a_feed_has_all_that_atom_asks_for() -> None:
    root = Xml.fromstring(atom(FEED))
    assert root.tag == f"{{{ATOM}}}feed"
    assert children(root)[:3] == [
        ("id", "urn:uuid:0", {}),
        ("title", "Visits", {}),
        ("updated", "2026-01-05T11:00:00+00:00", {}),
    ]
    assert root.findtext("a:author/a:name", namespaces=NAMES) == "Porteiro"
    assert children(root)[4] == ("link", None, {"rel": "self", "href": "http://house/visits"})


def test_an_entry_has_all_that_atom_asks_for() -> None:
    (entry,) = Xml.fromstring(atom(FEED)).findall("a:entry", NAMES)
    assert children(entry) == [
        ("id", "urn:uuid:1", {}),
        ("title", "Ana was let in", {}),
        ("updated", "2026-01-05T11:00:00+00:00", {}),
        ("published", "2026-01-05T10:00:00+00:00", {}),
        ("summary", "At the front door", {}),
        (
            "link",
            None,
            {"rel": "alternate", "href": "http://house/visits/1?a=1&b=2", "type": "text/html"},
        ),
    ]


def test_a_feed_without_entries_still_says_when_it_was_updated() -> None:
    root = Xml.fromstring(atom(replace(FEED, entries=())))
    assert root.findtext("a:updated", namespaces=NAMES) == "2026-01-05T10:00:00+00:00"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Ana & Bruno", "\"'", "李 🙂", "]]>"])
def test_a_name_stays_text(name: str) -> None:
    entry = Xml.fromstring(atom(replace(FEED, entries=(replace(ENTRY, title=name),)))).find("a:entry", NAMES)
    assert entry is not None
    assert entry.findtext("a:title", namespaces=NAMES) == name
    assert entry.find("a:title", NAMES) is not None
    assert [child.tag for child in entry if child.tag.endswith("script")] == []


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    title = "A\x00n\x0ba\ud800\ufffe"
    root = Xml.fromstring(atom(replace(FEED, entries=(replace(ENTRY, title=title),))))
    assert root.findtext("a:entry/a:title", namespaces=NAMES) == "Ana"


def test_the_same_text_always_has_the_same_uri() -> None:
    assert urn("visits") == urn("visits") != urn("people")
    assert urn("visits").startswith("urn:uuid:")


def test_a_table_begins_with_its_columns_and_ends_each_row_as_the_standard_says() -> None:
    assert comma_separated(("a", "b"), [{"b": 1.5, "a": "x"}, {"a": None, "b": -2}]) == (
        b"a,b\r\nx,1.5\r\n,-2\r\n"
    )


@pytest.mark.parametrize("text", ['say "hi"', "a,b", "a\r\nb", "a\nb", "Ána, 李"])
def test_any_text_comes_back_out_of_a_table(text: str) -> None:
    table = comma_separated(("name",), [{"name": text}]).decode()
    assert list(csv.reader(io.StringIO(table, newline=""))) == [["name"], [text]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_looks_like_a_formula_is_kept_from_being_one(text: str) -> None:
    table = comma_separated(("name",), [{"name": text}]).decode()
    assert list(csv.reader(io.StringIO(table, newline=""))) == [["name"], [f"'{text}"]]
