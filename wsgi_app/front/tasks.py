"""Answering one request: what the workers say, or what is wrong with it."""

from typing import Any, Protocol

import structlog
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import build_http_date

from wsgi_app.base.errors import PorteiroError
from wsgi_app.front.parsing import FrontParser
from wsgi_app.front.refusals import of_status, refusal

log = structlog.get_logger("porteiro.front")


class Connection(Protocol):
    """What a task wants to know of the connection that it writes to.

    Attributes:
        addr: the client's address and port.
        reached: the address of ours that the client connected to.
    """

    addr: tuple[Any, ...]
    reached: str


class _Answer(Task):
    """Waitress's, with the names of headers as they were given."""

    channel: Connection
    request: FrontParser
    status: str
    version: str
    response_headers: list[tuple[str, str]]
    content_length: int | None

    def build_response_header(self) -> bytes:
        """The head of the answer; the end of one without a length is the end of the connection too."""
        names = {name.lower() for name, _ in self.response_headers}
        if not self.has_body:
            names.discard("content-length")
            self.response_headers = [pair for pair in self.response_headers if pair[0].lower() in names]
        elif self.content_length is not None and "content-length" not in names:
            names.add("content-length")
            self.response_headers.append(("Content-Length", str(self.content_length)))
        if self.has_body and "content-length" not in names and not self.is_for_head:
            self.chunked_response = self.version == "1.1"
            if self.chunked_response:
                self.response_headers.append(("Transfer-Encoding", "chunked"))
            self.set_close_on_finish()
        if self.request.connection_close:
            self.set_close_on_finish()
        elif self.version == "1.0" and not self.close_on_finish:
            self.response_headers.append(("Connection", "keep-alive"))
        if "date" not in names:
            self.response_headers.append(("Date", build_http_date(self.start_time)))
        lines = (f"{name}: {text}" for name, text in self.response_headers)
        return "\r\n".join((f"HTTP/{self.version} {self.status}", *lines, "", "")).encode("latin-1")

    @property
    def is_for_head(self) -> bool:
        """Whether the head of the answer is all that was asked for."""
        return getattr(self.request, "command", "") == "HEAD"  # there is none where its line cannot be read


class FrontTask(_Answer, WSGITask):
    """Has a request answered."""

    def get_environment(self) -> dict[str, Any]:
        """The request's environ: slashes as they were sent, and the host that an absolute address names.

        A client of HTTP/1.0 may name none; for it the server has the address that it reached.
        """
        environ: dict[str, Any] = super().get_environment()
        environ["PATH_INFO"] = self.request.path or "/"
        host = self.channel.reached
        environ["SERVER_NAME"] = f"[{host}]" if ":" in host else host
        if self.request.proxy_netloc:  # goes before the header (RFC 9112, 3.2.2)
            environ["HTTP_HOST"] = self.request.proxy_netloc
        return environ


class FrontErrorTask(_Answer, ErrorTask):
    """Answers what is no request."""

    def execute(self) -> None:
        """Write the refusal, and close the connection then."""
        error = self.request.error
        if not isinstance(error, PorteiroError):
            error = of_status(error.code)
        self.status, headers, body = refusal(error)
        log.info("request refused", status=self.status, code=error.code, client=self.channel.addr[0])
        self.response_headers.extend(headers)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if self.is_for_head else body)
