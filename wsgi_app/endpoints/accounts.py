"""Who may sign in: the accounts."""

from datetime import datetime
from typing import Literal

import msgspec
from webob import Response

from wsgi_app.access.roles import ACCOUNT_ROLES
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.invitations import Invitation
from wsgi_app.web.call import Call
from wsgi_app.web.forms import read_body
from wsgi_app.web.paging import read_page, text_of, with_next
from wsgi_app.web.rendering import changed, json_answer, negotiated, resource_answer
from wsgi_app.web.versions import etag, expected

RoleWord = Literal["viewer", "operator", "owner"]


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    """Which role an account gets."""

    role: RoleWord


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


def index(call: Call) -> Response:
    """``GET /accounts``: every account by name, a page at a time."""
    return negotiated(call.request, {"json": lambda: _json(call), "html": lambda: show_accounts(call)})


def show(call: Call, account: str) -> Response:
    """``GET /accounts/{account}``: one account."""
    found = call.house.stores.accounts.get(account)
    return resource_answer(account_body(call, found), account_version(found))


def change(call: Call, account: str) -> Response:
    """``PATCH /accounts/{account}``: ``{"role"}``; ``If-Match`` guards against changes in between."""
    wish = read_body(call.request, RoleChange, call.house.config.limits.uploads.json_bytes)
    found = call.stores.accounts.change_role(account, wish.role, expected(call, account_version))
    body = account_body(call, found)
    return changed(call.request, _page(call), body, headers=etag(account_version(found)))


def remove(call: Call, account: str) -> Response:
    """``DELETE /accounts/{account}``: ends its sign-ins too; ``If-Match`` likewise."""
    call.stores.accounts.remove(account, expected(call, account_version))
    return changed(call.request, _page(call))


def show_accounts(call: Call, link: str = "", made: Invitation | None = None) -> Response:
    """The page of accounts and open links; with a link just made, which is told this once."""
    accounts, next_page = _accounts(call)
    stores = call.house.stores
    invitations = stores.invitations.open()
    response = call.page(
        "accounts.html",
        201 if made else 200,
        accounts=accounts,
        here="/accounts",
        invitations=invitations,
        link=link,
        made=made,
        next_page=next_page,
        owners=stores.accounts.names(each.account_id for each in invitations if each.account_id),
        roles=[role.word for role in ACCOUNT_ROLES],
    )
    return with_next(response, next_page)


def account_body(call: Call, account: Account) -> AccountBody:
    """An account's representation, with links."""
    address = f"{call.request.application_url}/accounts/{account.id}"
    return AccountBody(account.id, account.name, account.role, account.created_at, {"self": address})


def account_version(account: Account) -> str:
    """Which version of an account it is."""
    return str(account.revision)


def _json(call: Call) -> Response:
    accounts, next_page = _accounts(call)
    body = AccountList([account_body(call, account) for account in accounts])
    return with_next(json_answer(body), next_page)


def _accounts(call: Call) -> tuple[list[Account], str]:
    accounts, after = call.house.stores.accounts, text_of(call, "after")
    return read_page(call, lambda most: accounts.page(most, after), lambda last: {"after": last.name})


def _page(call: Call) -> str:
    return f"{call.request.application_url}/accounts"
