"""``python -m wsgi_app.lab``: the lab alone, under the standard library's own WSGI server."""

import os
import socket
import sys
from contextlib import suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import click

from wsgi_app.base.addresses import asked_address, host_and_port, read_address
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.errors import ConfigError, PorteiroError
from wsgi_app.base.sentences import Place
from wsgi_app.lab.app import build_lab
from wsgi_app.lab.words import sentence
from wsgi_app.web.boundary import Boundary

PRIVATE = 0o077  # what is written is for this user alone
SILENCE_S = 15.0


def address_in(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """HOST:PORT out of the command line.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        return read_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8770",
    show_default=True,
    callback=address_in,
    help="Where to listen, in place of PORTEIRO_HTTP.",
)
def main(listen: str) -> None:
    """Serve Porteiro's lab alone, without the house, until Ctrl-C.

    It is there to learn and to try things out, in one process and without nginx. The other settings are
    environment variables, as for the house; other machines see the lab only with PORTEIRO_LAB=1.
    """
    os.umask(PRIVATE)
    try:
        serve(listen)
    except PorteiroError as error:
        sys.exit(f"porteiro: {sentence(error, Place.TERMINAL)}")
    except OSError as error:
        sys.exit(f"porteiro: cannot listen on {listen}: {error.strerror or error}")


def serve(listen: str) -> None:
    """Serve the lab until Ctrl-C.

    Args:
        listen: HOST:PORT.

    Raises:
        ConfigError: a setting cannot be used, or turns the lab off.
        OSError: nobody can listen there.
    """
    config = load_config({**os.environ, "PORTEIRO_HTTP": listen})
    if not config.has_lab:
        raise ConfigError("the lab is off here; the setting PORTEIRO_LAB=1 turns it on")
    with LabServer(*host_and_port(listen), build_lab(config, ProcessCounters(), worker=None)) as server:
        click.echo(f"Porteiro's lab is ready: open http://{asked_address(listen)}/")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


class LabServer(ThreadingMixIn, WSGIServer):
    """The standard library's server; a thread for each connection, for browsers keep some open unused."""

    daemon_threads = True

    def __init__(self, host: str, port: int, application: Boundary):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), QuietHandler)
        # The standard library's handler would say that there are no other threads.
        self.set_app(lambda environ, start: application(environ | {"wsgi.multithread": True}, start))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went silent or away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class QuietHandler(WSGIRequestHandler):
    """Writes no lines of its own: the boundary writes one for each request."""

    timeout = SILENCE_S

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    main()
