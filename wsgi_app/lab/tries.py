"""What an exhibit of the lab is made of: the requests to try out, and which of them are there."""

import inspect
import re
import shlex
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType, ModuleType

from wsgi_app.lab.services import LabServices
from wsgi_app.web import uploads
from wsgi_app.web.forms import URLENCODED

NOTHING: Mapping[str, str] = MappingProxyType({})
JSON: Mapping[str, str] = MappingProxyType({"Content-Type": uploads.JSON})
PLAIN: Mapping[str, str] = MappingProxyType({"Content-Type": "text/plain"})

# What browsers let no script send.
KEPT_METHODS = {"CONNECT", "TRACE", "TRACK"}
KEPT_HEADERS = re.compile(
    "(sec|proxy)-.*|accept-(charset|encoding)|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive"
    "|origin|referer|te|trailer|transfer-encoding|upgrade|user-agent|via",
    re.IGNORECASE,
)
DOTS = re.compile(r"/(\.|%2e){1,2}(?=[/?]|$)", re.IGNORECASE)  # browsers walk up and down before they send


def basic(name: str, password: str) -> Mapping[str, str]:
    """The header that signs in; base64 hides nothing."""
    return MappingProxyType({"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"})


@dataclass(frozen=True)
class Need:
    """What not every installation has.

    Attributes:
        is_met: whether it is there.
        otherwise: what to say where it is not.
    """

    is_met: Callable[[LabServices], bool]
    otherwise: str


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
        needs: without which there is no such answer.
        in_pieces: whether the answer is to be shown as it comes.
    """

    about: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: str = ""
    status: int = 200
    needs: Need | None = None
    in_pieces: bool = False

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers as curl sends them: it calls every body a form, unless told otherwise."""
        has_type = any(name.lower() == "content-type" for name in self.headers)
        return {**({"Content-Type": URLENCODED} if self.body and not has_type else {}), **self.headers}

    @property
    def is_link(self) -> bool:
        """Whether following a link sends it."""
        return self.method == "GET" and not self.headers and not self.body and not DOTS.search(self.path)

    @property
    def is_fetchable(self) -> bool:
        """Whether the script of a page can send it."""
        return not (
            self.method in KEPT_METHODS
            or (self.body and self.method in {"GET", "HEAD"})
            or any(KEPT_HEADERS.fullmatch(name) for name in self.headers)
            or not "".join(self.headers.values()).isascii()
            or DOTS.search(self.path)
        )

    @property
    def sends(self) -> dict[str, object]:
        """Its headers and its body, as far as it has them."""
        parts = {"headers": self.sent_headers, "body": self.body}
        return {name: part for name, part in parts.items() if part}

    def curl(self, mount: str) -> str:
        """The line to copy into a terminal, for a lab at this address."""
        words = ["curl", "-i"]
        if self.method == "HEAD":
            words = ["curl", "--head"]
        elif self.method != "GET":
            words += ["-X", self.method]
        if self.in_pieces:
            words.append("-N")
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
        more: modules of its own that it is made of besides, whose source follows.
        client: the words of a line that starts a client of its own, but for the lab's address at the end.
        lacks: what to say of a need that is not met.
    """

    title: str
    shows: str
    module: ModuleType
    tries: tuple[Try, ...]
    more: tuple[ModuleType, ...] = ()
    client: tuple[str, ...] = ()
    lacks: str = ""

    @property
    def name(self) -> str:
        """The name of its module, and of its place on the page."""
        return self.module.__name__.rpartition(".")[2]

    @property
    def files(self) -> dict[str, ModuleType]:
        """Its modules by their paths."""
        return {f"{module.__name__.replace('.', '/')}.py": module for module in (self.module, *self.more)}

    @property
    def file_names(self) -> list[str]:
        """What its files are called, each name once."""
        return list(dict.fromkeys(path.rpartition("/")[2] for path in self.files))

    @property
    def source(self) -> str:
        """Its modules one after the other, each below its path."""
        return "\n\n".join(f"# {path}\n{inspect.getsource(module)}" for path, module in self.files.items())

    def line(self, mount: str) -> str:
        """The line that starts its client, for a lab at this address."""
        return shlex.join([*self.client, mount])

    def at(self, services: LabServices) -> "Exhibit":
        """What of it there is where the lab has these services, and what it lacks."""
        missing = {each.needs for each in self.tries if each.needs and not each.needs.is_met(services)}
        tries = tuple(each for each in self.tries if each.needs not in missing)
        return replace(self, tries=tries, lacks=" ".join(sorted(need.otherwise for need in missing)))
