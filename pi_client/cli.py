"""``porteiro-door``: the device's command line."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from pi_client import __version__
from pi_client.commands import check, off, run, setup, simulate
from pi_client.errors import DoorError
from pi_client.logs import CRITICAL

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit status."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except DoorError as error:
        begin = CRITICAL if "JOURNAL_STREAM" in os.environ else "porteiro-door: "
        sys.stderr.write(f"{begin}{error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="porteiro-door",
        description="Porteiro's door device: press the button, be seen, see green or red.",
        epilog="Every setting has a variable too, such as PORTEIRO_DOOR_SERVER_URL for server.url.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (run, check, setup, simulate, off):
        name = module.__name__.rpartition(".")[2]
        description = (module.__doc__ or "").strip()
        command = commands.add_parser(name, help=description.splitlines()[0], description=description)
        module.add_options(command)
        command.set_defaults(command=module.execute)
    return parser
