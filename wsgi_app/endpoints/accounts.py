"""Who may sign in: the accounts, and the one-time links that make them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from webob import Response

from wsgi_app.endpoints.paging import link_to_next, next_page, page_size, text_cursor
from wsgi_app.evidence import token_key
from wsgi_app.forms import is_form, read_body
from wsgi_app.rendering import changed, json_answer, negotiated, resource_answer
from wsgi_app.roles import GIVEN
from wsgi_app.services import Call
from wsgi_app.stores.accounts import Account
from wsgi_app.tokens import random_secret

RoleWord = Literal["viewer", "operator", "owner"]
Id = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-z]{1,64}\Z")]


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    """Which role an account gets."""

    role: RoleWord


class LinkWish(msgspec.Struct, forbid_unknown_fields=True):
    """What a link is for: a new account with a role, or a new password of an account."""

    role: RoleWord = "viewer"
    account: Id | None = None


class Link(msgspec.Struct):
    """A one-time link, told this once."""

    link: str
    role: str
    expires_at: datetime


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
    return negotiated(call.request, {"json": lambda: _json(call), "html": lambda: _html(call)})


def show(call: Call, account: str) -> Response:
    """``GET /accounts/{account}``: one account."""
    found = call.services.stores.accounts.get(account)
    return resource_answer(account_body(call, found), str(found.revision))


def change(call: Call, account: str) -> Response:
    """``PATCH /accounts/{account}``: ``{"role"}``; ``If-Match`` guards against changes in between."""
    wish = read_body(call.request, RoleChange, call.services.config.limits.json_bytes)
    found = call.stores.accounts.change_role(account, wish.role, _expected(call))
    body = account_body(call, found)
    return changed(call.request, _page(call), body, headers={"ETag": account_etag(found)})


def remove(call: Call, account: str) -> Response:
    """``DELETE /accounts/{account}``: ends its sign-ins too; ``If-Match`` likewise."""
    call.stores.accounts.remove(account, _expected(call))
    return changed(call.request, _page(call))


def invite(call: Call) -> Response:
    """``POST /invitations``: a one-time link for a new account, or for an account's new password."""
    wish = read_body(call.request, LinkWish, call.services.config.limits.json_bytes)
    token, invitations = random_secret(), call.stores.invitations
    if wish.account is None:
        made = invitations.invite(token_key(token), wish.role)
    else:
        made = invitations.let_back_in(token_key(token), wish.account)
    address = f"{call.request.application_url}/welcome?token={token}"
    link = Link(address, made.role, made.expires_at)
    if is_form(call.request):  # the page itself: on the way to another the link would be in an address
        return _html(call, link, 201)
    return json_answer(link, 201, {"Location": address, "Cache-Control": "no-store"})


def account_body(call: Call, account: Account) -> AccountBody:
    """An account's representation, with links."""
    address = f"{call.request.application_url}/accounts/{account.id}"
    return AccountBody(account.id, account.name, account.role, account.created_at, {"self": address})


def account_etag(account: Account) -> str:
    """Which version of an account it is."""
    return f'"{account.revision}"'


def _json(call: Call) -> Response:
    accounts, more = _accounts(call)
    response = json_answer(AccountList([account_body(call, account) for account in accounts]))
    if more:
        link_to_next(response, more)
    return response


def _html(call: Call, link: Link | None = None, status: int = 200) -> Response:
    accounts, more = _accounts(call)
    return call.page(
        "accounts.html",
        status,
        accounts=accounts,
        here="/accounts",
        link=link,
        more=more,
        roles=[role.word for role in GIVEN],
    )


def _accounts(call: Call) -> tuple[list[Account], str]:
    limit = page_size(call)
    found = call.services.stores.accounts.page(limit + 1, text_cursor(call, "after"))
    if len(found) <= limit:
        return found, ""
    return found[:limit], next_page(call, after=found[limit - 1].name, limit=str(limit))


def _page(call: Call) -> str:
    return f"{call.request.application_url}/accounts"


def _expected(call: Call) -> Callable[[Account], bool]:
    if_match = call.request.if_match
    return lambda account: account_etag(account).strip('"') in if_match
