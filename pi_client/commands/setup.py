"""Write the settings, put the token in place, start the service, check everything. For root, on a Pi."""

import argparse
import sys
from pathlib import Path

from pi_client.commands import check
from pi_client.config import DEFAULT_FILE
from pi_client.provisioning import set_up


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--server", required=True, metavar="URL", help="such as https://porteiro.example/porteiro"
    )
    parser.add_argument(
        "--token-file", required=True, type=Path, metavar="FILE",
        help="what `porteiro token add NAME` printed on the server",
    )  # fmt: skip


def execute(options: argparse.Namespace) -> int:
    """Run it; the exit status is that of the check."""
    for line in set_up(options.server, options.token_file):
        sys.stdout.write(f"{line}\n")
    return check.execute(argparse.Namespace(config=DEFAULT_FILE, sim=False, photos=None, fault=None))
