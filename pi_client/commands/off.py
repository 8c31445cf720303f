"""Open the relay and switch all lamps off: what the service does once it has ended, however it ended."""

import argparse

from pi_client.commands.options import add_config_option, config_of
from pi_client.gpio import open_pins


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_config_option(parser)


def execute(options: argparse.Namespace) -> int:
    """Take the pins, which switches everything off, and give them back."""
    config = config_of(options)
    open_pins(config.gpio, config.relay).close()
    return 0
