"""Which doors may ask: make, list and revoke the tokens of door devices."""

from datetime import datetime

import click
from rich.table import Column, Table

from wsgi_app.access.doors import doors_of_another_secret, is_outdated, needs_renewal
from wsgi_app.access.tokens import add_door
from wsgi_app.base.config import Config
from wsgi_app.base.errors import NotFound, Unfit
from wsgi_app.base.sentences import Place
from wsgi_app.commands import Failure, print_table, with_config
from wsgi_app.house.tombstones import TombstoneKeeper
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.devices import Device
from wsgi_app.stores.secret_file import open_secret, read_secret
from wsgi_app.stores.stores import open_stores


@click.group("token")
def token_group() -> None:
    """Which doors may ask, each by a token of its own."""


@token_group.command("add")
@click.argument("name")
@with_config
def token_add_command(config: Config, name: str) -> None:
    """Make a token for a door: porteiro token add front-door > front-door.token.

    It is told this once, and kept nowhere here. NAME has small letters, digits and - in it. A revoked name
    gets a new token.
    """
    devices, secret = open_stores(config).devices, open_secret(config.door_secret_file)
    try:
        token = add_door(devices, name, secret)
    except Unfit as error:
        raise click.UsageError(sentence(error, Place.TERMINAL)) from error
    click.echo(token)
    click.echo(
        f"This is {name}'s token, told this once. Keep it in the file that server.token_file names on the "
        "device, and let nobody else read that file: chmod 600.",
        err=True,
    )
    if others := doors_of_another_secret(devices, secret):
        click.echo(
            f"Made with another secret than {config.door_secret_file} has now, so that nothing they sign is "
            f"accepted: the tokens of {', '.join(others)}. Bring back the file that was there, and make this "
            "token anew; or revoke those, and make new ones.",
            err=True,
        )


@token_group.command("list")
@with_config
def token_list_command(config: Config) -> None:
    """List the doors that have, or had, a token, and when each was heard last."""
    stores = open_stores(config)
    devices, now = stores.devices.everyone(), stores.now()
    if not devices:
        click.echo("No door has a token yet: porteiro token add NAME")
        return
    secret = read_secret(config.door_secret_file)
    if secret is None and any(device.salt for device in devices):
        click.echo(
            f"The secret {config.door_secret_file} is not there. Bring it back: the next start makes another "
            "one, and then nothing that these doors sign is accepted.",
            err=True,
        )
    name = Column("Name", no_wrap=True)
    table = Table(name, "Made", "Last press", "Last heartbeat", "State", box=None)
    for device in devices:
        times = (device.created_at, device.pressed_at, device.heard_at)
        renew = needs_renewal(device, stores.devices, secret, now)
        table.add_row(device.id, *(_shown(time) for time in times), _state(device, now, renew=renew))
    print_table(table)


@token_group.command("revoke")
@click.argument("name")
@with_config
def token_revoke_command(config: Config, name: str) -> None:
    """Accept a door's token no more, from this moment on."""
    try:
        stores = open_stores(config)
        stores.devices.revoke(name)
    except NotFound as error:
        raise Failure(f"No door {name!r} has a token; porteiro token list shows which have.") from error
    TombstoneKeeper(config, stores)()
    click.echo(f"The token of {name} is revoked.")


def _state(device: Device, now: datetime, *, renew: bool) -> str:
    if device.revoked_at is not None:
        return "revoked"
    needs = ((is_outdated(device), "update it"), (renew, "renew its token"))
    return ", ".join([device.state(now), *(words for is_needed, words in needs if is_needed)])


def _shown(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M}"
