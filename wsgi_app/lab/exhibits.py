"""What the lab shows: one literal table, from which its front page and the lines to copy are made."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType

from wsgi_app.lab.endpoints import hello

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Try:
    """A request to try out.

    Attributes:
        about: what it shows, in a few words.
        path: below the lab's mount, with its query, as it is sent.
        method: as sent.
        headers: besides those that every client sends.
        body: to send; ``""`` for none.
        status: of its answer.
    """

    about: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default=NOTHING)
    body: str = ""
    status: int = 200

    def curl(self, mount: str) -> str:
        """The line to copy into a terminal, for a lab at this address."""
        words = ["curl", "-i"]
        if self.method != "GET":
            words += ["-X", self.method]
        for name, value in self.headers.items():
            words += ["-H", f"{name}: {value}"]
        if self.body:
            words += ["--data-binary", self.body]
        return shlex.join([*words, mount + self.path])


@dataclass(frozen=True)
class Exhibit:
    """One thing that the lab shows: a module of endpoints.

    Attributes:
        title: a few words.
        shows: one or two sentences on what there is to see.
        module: whose source stands beside it.
        tries: requests to try out.
    """

    title: str
    shows: str
    module: ModuleType
    tries: tuple[Try, ...]

    @property
    def name(self) -> str:
        """The name of its module, and of its place on the page."""
        return self.module.__name__.rpartition(".")[2]


EXHIBITS = (
    Exhibit(
        "Plain words",
        "The smallest answers there are: a status, a header and a line of text. Words out of the path come "
        "back in any script.",
        hello,
        (
            Try("one line of text", "/hello"),
            Try("all went well", "/good"),
            Try("the request was wrong", "/bad", status=400),
            Try("the same by POST", "/bad", "POST", body="anything", status=400),
            Try("two variables of a path", "/greet/Hello/world"),
            Try("in any script", "/greet/Ol%C3%A1/Jo%C3%A3o"),
        ),
    ),
)
