"""``porteiro``: the owner's command line."""

import click

from wsgi_app import __version__
from wsgi_app.commands.accounts import account_group
from wsgi_app.commands.calibration import calibrate_command
from wsgi_app.commands.models import models_group, prepare_command
from wsgi_app.commands.people import enrol_command, forget_command, people_command
from wsgi_app.commands.retention import purge_command
from wsgi_app.commands.tokens import token_group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="porteiro")
def main() -> None:
    """Porteiro, a self-hosted doorman: who may come in, at which doors, and with which models it looks.

    Settings are environment variables; deploy/porteiro.env lists them. The commands may run beside the
    server: it sees every change with its next photo.
    """


COMMANDS = (
    enrol_command,
    people_command,
    forget_command,
    calibrate_command,
    token_group,
    account_group,
    models_group,
    prepare_command,
    purge_command,
)

for command in COMMANDS:
    main.add_command(command)
