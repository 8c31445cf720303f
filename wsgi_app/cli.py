"""``porteiro``: the owner's command line."""

from importlib import import_module

import click

from wsgi_app import __version__

# Where each command is: its module in commands/, and its name there. It is loaded when it is typed, for those
# that look at photos take the networks along.
COMMANDS = {
    "enrol": ("people", "enrol_command"),
    "people": ("people", "people_command"),
    "forget": ("people", "forget_command"),
    "check": ("check", "check_command"),
    "calibrate": ("calibration", "calibrate_command"),
    "send": ("send", "send_command"),
    "token": ("tokens", "token_group"),
    "account": ("accounts", "account_group"),
    "models": ("models", "models_group"),
    "prepare": ("models", "prepare_command"),
    "purge": ("retention", "purge_command"),
    "backup": ("backups", "backup_command"),
    "tombstones": ("backups", "tombstones_command"),
    "restore": ("restoring", "restore_command"),
    "roll-back": ("restoring", "roll_back_command"),
}


class OwnersCommands(click.Group):
    """The commands of that table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """One of them; ``None`` where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"wsgi_app.commands.{module}"), name)
        return command


@click.group(cls=OwnersCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="porteiro")
def main() -> None:
    """Porteiro, a self-hosted doorman: who may come in, at which doors, and with which models it looks.

    Settings are environment variables; deploy/porteiro.env lists them. The commands may run beside the
    server: it sees every change with its next photo.
    """


if (
    __name__ == "__main__"
):  # what setup tools make of it has the checkout's path in a shell's line, however that reads
    main(prog_name="porteiro")
