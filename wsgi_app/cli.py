"""``porteiro``: the owner's command line."""

import click

from wsgi_app import __version__
from wsgi_app.commands.models import models_group, prepare_command
from wsgi_app.commands.people import enrol_command, forget_command, people_command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="porteiro")
def main() -> None:
    """Porteiro, a self-hosted doorman: who may come in, and with which models it looks.

    Settings are environment variables; deploy/porteiro.env lists them. The commands may run beside the
    server: it sees every change with its next photo.
    """


for command in (enrol_command, people_command, forget_command, models_group, prepare_command):
    main.add_command(command)
