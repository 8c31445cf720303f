"""One-time links: for a new account, or an account's new password."""

from datetime import datetime
from typing import Any

import msgspec
from webob import Response

from wsgi_app.access.evidence import token_key
from wsgi_app.access.tokens import random_secret
from wsgi_app.endpoints.accounts.bodies import RoleWord
from wsgi_app.endpoints.accounts.page import show_accounts
from wsgi_app.stores.invitations import Invitation
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Id
from wsgi_app.web.forms import is_form
from wsgi_app.web.rendering import changed, json_answer


class LinkWish(msgspec.Struct, forbid_unknown_fields=True):
    """What a link is for: a new account with a role, or a new password of an account."""

    role: RoleWord = "viewer"
    account: Id | None = None


class InvitationBody(msgspec.Struct):
    """A one-time link as owners see it, without what is secret in it; ``account`` for a new password."""

    id: str
    role: str
    account: str | None
    expires_at: datetime
    links: dict[str, str]


class InvitationList(msgspec.Struct):
    """The links that nobody has followed yet, the newest last."""

    invitations: list[InvitationBody]


class NewInvitation(InvitationBody):
    """A link that was just made; ``link`` is told this once."""

    link: str


def index(call: Call) -> Response:
    """``GET /invitations``: the links that can still be used, all of them: there are never many."""
    invitations = call.house.stores.invitations.open()
    return json_answer(InvitationList([InvitationBody(**_fields(call, each)) for each in invitations]))


def create(call: Call) -> Response:
    """``POST /invitations``: a one-time link for a new account, or for an account's new password."""
    wish = call.body(LinkWish)
    token, invitations = random_secret(), call.stores.invitations
    if wish.account is None:
        made = invitations.invite(token_key(token), wish.role)
    else:
        made = invitations.let_back_in(token_key(token), wish.account)
    address = call.links.welcome(token)
    if is_form(call.request):  # the page itself: on the way to another the link would be in an address
        return _page(call, address, made)
    body = NewInvitation(**_fields(call, made), link=address)
    return json_answer(body, 201, {"Location": address, "Cache-Control": "no-store"})


def remove(call: Call, invitation: str) -> Response:
    """``DELETE /invitations/{invitation}``: takes a link back that nobody has followed."""
    call.stores.invitations.take_back(invitation)
    return changed(call.request, call.links.accounts)


def _page(call: Call, link: str, made: Invitation) -> Response:
    accounts = call.house.stores.accounts.page(call.house.config.limits.requests.page_items)
    return show_accounts(call, accounts, link=link, made=made)


def _fields(call: Call, made: Invitation) -> dict[str, Any]:
    return {
        "id": made.id,
        "role": made.role,
        "account": made.account_id,
        "expires_at": made.expires_at,
        "links": {"self": call.links.invitation(made.id)},
    }
