"""Who may sign in: one-time links for new accounts and new passwords, and the accounts there are."""

import click
from rich.table import Column, Table
from rich.text import Text

from wsgi_app.access.evidence import token_key
from wsgi_app.access.roles import ACCOUNT_ROLES
from wsgi_app.access.tokens import random_secret
from wsgi_app.base.config import Config
from wsgi_app.commands import EVERYBODY, Failure, print_table, with_config
from wsgi_app.house.tombstones import TombstoneKeeper
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.invitations import Invitation
from wsgi_app.stores.stores import Stores, open_stores
from wsgi_app.web.links import Links

ELSEWHERE = "from other machines with this one's address in it"

address_option = click.option(
    "--address",
    help="How browsers reach the server, such as https://door.example/porteiro; the link begins with it.",
)


@click.group("account")
def account_group() -> None:
    """Who may sign in, each as viewer, operator or owner."""


@account_group.command("invite")
@click.option("--role", type=click.Choice([role.word for role in ACCOUNT_ROLES]), required=True)
@address_option
@with_config
def account_invite_command(config: Config, role: str, address: str | None) -> None:
    """Make a one-time link with which somebody chooses a name and a password of their own.

    A viewer sees people and visits; an operator also enrols and corrects; an owner also says who may sign in.
    """
    token = random_secret()
    invitation = open_stores(config).invitations.invite(token_key(token), role)
    _say_link(config, token, invitation, address)


@account_group.command("list")
@with_config
def account_list_command(config: Config) -> None:
    """List who may sign in."""
    accounts = open_stores(config).accounts.page(EVERYBODY)
    if not accounts:
        click.echo("Nobody may sign in yet: porteiro account invite --role owner")
        return
    table = Table(Column("Name", overflow="fold"), "Role", "Since", Column("Id", no_wrap=True), box=None)
    for account in accounts:
        table.add_row(Text(account.name), account.role, f"{account.created_at:%Y-%m-%d}", account.id)
    print_table(table)


@account_group.command("remove")
@click.argument("name")
@with_config
def account_remove_command(config: Config, name: str) -> None:
    """Remove an account, and end its sign-ins."""
    stores = open_stores(config)
    account = _named(stores, name)
    stores.accounts.remove(account.id, lambda _: True)
    TombstoneKeeper(config, stores)()
    click.echo(f"{account.name} may not sign in any more.")


@account_group.command("password")
@click.argument("name")
@address_option
@with_config
def account_password_command(config: Config, name: str, address: str | None) -> None:
    """Make a one-time link with which somebody sets a new password; the present one counts until then."""
    stores, token = open_stores(config), random_secret()
    invitation = stores.invitations.let_back_in(token_key(token), _named(stores, name).id)
    _say_link(config, token, invitation, address)


def first_link(config: Config, stores: Stores, address: str | None) -> str:
    """What is said of the link that makes the first owner; ``""`` with an owner, or where nobody signs in."""
    token = random_secret()
    if config.open or stores.invitations.invite_first(token_key(token)) is None:
        return ""
    hours = config.limits.sign_ins.invitation_hours
    how = "".join(f"; {words}" for words in _how_to_ask(config, address))
    return f"  begin   {_link(config, token, address)}\n          (once, within {hours} hours{how})"


def _say_link(config: Config, token: str, invitation: Invitation, address: str | None) -> None:
    click.echo(_link(config, token, address))
    how = "".join(f" {words[0].upper()}{words[1:]}." for words in _how_to_ask(config, address))
    until = f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"This link is told this once, and works once, until {until}.{how}", err=True)


def _link(config: Config, token: str, address: str | None) -> str:
    root = config.own_root if config.socket is None else config.prefix
    return Links((address or root).rstrip("/")).welcome(token)


def _how_to_ask(config: Config, address: str | None) -> tuple[str, ...]:
    """What is to be said of an address that is not everybody's as it is told."""
    if address is not None:
        return ()
    if config.socket is not None:
        return ("put the server's public address before it",)
    return (ELSEWHERE,) if config.is_everywhere else ()


def _named(stores: Stores, name: str) -> Account:
    account = stores.accounts.named(name)
    if account is None:
        raise Failure(f"No account is called {name!r}; porteiro account list shows which are.")
    return account
