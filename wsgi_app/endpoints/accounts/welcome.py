"""Following a one-time link: to an account, or to a new password."""

import msgspec
from webob import Response

from wsgi_app.access.evidence import token_key
from wsgi_app.access.identity import AT_HOME, NOBODY
from wsgi_app.access.passwords import LEAST_LETTERS, MOST_LETTERS
from wsgi_app.base.errors import RequestError, Unprocessable
from wsgi_app.base.names import name_key
from wsgi_app.endpoints.accounts.bodies import AccountBody, account_body, account_version
from wsgi_app.house.naming import checked_name
from wsgi_app.stores.events import AT_THE_MACHINE
from wsgi_app.stores.invitations import Invitation
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Name, Text
from wsgi_app.web.forms import is_form
from wsgi_app.web.rendering import changed, query_text
from wsgi_app.web.sign_in import credentials_of, keep_signed_in
from wsgi_app.web.versions import etag

# Who else stands in the audit log and on the pages: nobody may pass for these.
RESERVED = {name_key(name) for name in (AT_THE_MACHINE, AT_HOME.name, NOBODY.name)}


class Welcome(msgspec.Struct, forbid_unknown_fields=True):
    """What a link's page sends: ``name`` for a new account alone, ``again`` where a person types it twice."""

    token: Text
    password: Text
    name: Name = ""
    again: Text | None = None


def show(call: Call) -> Response:
    """``GET /welcome``: the page of a one-time link, ``?token=``; looking at it does not use it up."""
    token = query_text(call.request, "token")
    return _form(call, token, call.house.stores.invitations.find(token_key(token)))


def accept(call: Call) -> Response:
    """``POST /welcome``: ``{"token", "name", "password"}`` makes the account, or sets its password."""
    stores = call.house.stores
    body = call.body(Welcome)
    invitation = stores.invitations.find(token_key(body.token))
    try:
        return _accept(call, body, invitation)
    except RequestError as error:
        if not is_form(call.request):
            raise
        return _form(call, body.token, invitation, error, body.name)


def _accept(call: Call, body: Welcome, invitation: Invitation) -> Response:
    house, address = call.house, credentials_of(call.request).address
    name = "" if invitation.account_id else _account_name(body.name)
    password_hash = house.passwords.hash(_checked_password(body))
    account = house.stores.accounts.accept(token_key(body.token), name, password_hash)
    value = house.identifier.start(account, address)
    answer: AccountBody = account_body(call, account)
    response = changed(
        call.request,
        call.links.dashboard,
        answer,
        201,
        {"Location": answer.links["self"], **etag(account_version(account))},
    )
    return keep_signed_in(response, call.request, value, house.config.limits.sign_ins.session_days)


def _account_name(text: str) -> str:
    name = checked_name(text)
    if name_key(name) in RESERVED:
        raise Unprocessable("bad_name:reserved", name=name)
    if ":" in name:
        raise Unprocessable("bad_name:colon")
    return name


def _checked_password(body: Welcome) -> str:
    if not LEAST_LETTERS <= len(body.password) <= MOST_LETTERS:
        raise Unprocessable("bad_password:length", least=LEAST_LETTERS, most=MOST_LETTERS)
    if body.again is not None and body.again != body.password:
        raise Unprocessable("bad_password:twice")
    return body.password


def _form(
    call: Call, token: str, invitation: Invitation, error: RequestError | None = None, name: str = ""
) -> Response:
    account_id = invitation.account_id
    return call.page(
        "welcome.html",
        error.status if error else 200,
        account=call.house.stores.accounts.get(account_id) if account_id else None,
        error=error,
        least=LEAST_LETTERS,
        most=MOST_LETTERS,
        name=name,
        role=invitation.role,
        token=token,
    )
