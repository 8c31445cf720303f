"""A list for other programs: Atom (RFC 4287) for feed readers, CSV (RFC 4180) for spreadsheets."""

import csv
import io
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree import ElementTree as Xml

ATOM = "http://www.w3.org/2005/Atom"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A spreadsheet would calculate a text that begins like this, in either width of these letters.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r")

Cell = str | float | None


@dataclass(frozen=True)
class AtomLink:
    """An address, what it is to the feed or entry, and its type."""

    relation: str
    address: str
    type: str = ""


@dataclass(frozen=True)
class AtomEntry:
    """One thing that happened.

    Attributes:
        id: a URI that never changes.
        title: in a few words.
        summary: in a sentence.
        published: when it happened.
        updated: when something of it changed last.
        links: to its page, its photo, and to itself.
    """

    id: str
    title: str
    summary: str
    published: datetime
    updated: datetime
    links: tuple[AtomLink, ...] = ()


@dataclass(frozen=True)
class AtomFeed:
    """A list of what happened, newest first.

    Attributes:
        id: a URI that never changes.
        title: of the list.
        author: who tells it.
        updated: when it changed last, where there is no entry.
        links: to itself, to its page, to what is older.
        entries: of this page.
    """

    id: str
    title: str
    author: str
    updated: datetime
    links: tuple[AtomLink, ...]
    entries: tuple[AtomEntry, ...] = field(default=())


def urn(text: str) -> str:
    """A URI that stands for a text and never changes."""
    return uuid.uuid5(uuid.NAMESPACE_URL, text).urn


def atom(feed: AtomFeed) -> bytes:
    """The feed as Atom."""
    updated = max((entry.updated for entry in feed.entries), default=feed.updated)
    root = Xml.Element("feed", xmlns=ATOM)
    _texts(root, {"id": feed.id, "title": feed.title, "updated": updated.isoformat()})
    _texts(Xml.SubElement(root, "author"), {"name": feed.author})
    _links(root, feed.links)
    for entry in feed.entries:
        element = Xml.SubElement(root, "entry")
        _texts(
            element,
            {
                "id": entry.id,
                "title": entry.title,
                "updated": entry.updated.isoformat(),
                "published": entry.published.isoformat(),
                "summary": entry.summary,
            },
        )
        _links(element, entry.links)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def comma_separated(columns: tuple[str, ...], rows: Iterable[Mapping[str, Cell]]) -> bytes:
    """Rows below a line of their columns' names, as CSV in UTF-8.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return file.getvalue().encode()


def _texts(parent: Xml.Element, texts: Mapping[str, str]) -> None:
    for tag, text in texts.items():
        Xml.SubElement(parent, tag).text = NOT_IN_XML.sub("", text)


def _links(parent: Xml.Element, links: Iterable[AtomLink]) -> None:
    for link in links:
        attributes = {"rel": link.relation, "href": link.address, "type": link.type}
        Xml.SubElement(parent, "link", {name: text for name, text in attributes.items() if text})


def _cell(value: Cell) -> Cell:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
