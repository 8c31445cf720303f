"""Accounts as clients see them."""

from datetime import datetime
from typing import Literal

import msgspec

from wsgi_app.stores.accounts import Account
from wsgi_app.web.call import Call

RoleWord = Literal["viewer", "operator", "owner"]


class AccountBody(msgspec.Struct):
    """An account as clients see it."""

    id: str
    name: str
    role: str
    created_at: datetime
    links: dict[str, str]


class AccountList(msgspec.Struct):
    """Accounts by name."""

    accounts: list[AccountBody]


def account_body(call: Call, account: Account) -> AccountBody:
    """An account's representation, with links."""
    return AccountBody(
        account.id, account.name, account.role, account.created_at, {"self": call.links.account(account.id)}
    )


def account_version(account: Account) -> str:
    """Which version of an account it is."""
    return str(account.revision)
