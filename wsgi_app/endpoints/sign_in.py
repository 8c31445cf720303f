"""Signing in on the page, and out."""

from functools import partial
from typing import NoReturn

import msgspec
from webob import Response

from wsgi_app.access.identity import NOBODY
from wsgi_app.base.errors import RequestError
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Text
from wsgi_app.web.forms import is_form
from wsgi_app.web.rendering import changed, negotiated, query_text
from wsgi_app.web.sign_in import credentials_of, forget_sign_in, keep_signed_in, page_below


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """A name and its password; ``next`` is the page that a browser goes on to."""

    name: Text
    password: Text
    next: Text = ""


def show(call: Call) -> Response:
    """``GET /sign-in``: asks for name and password; who has signed in goes on to ``?next=``."""
    back = page_below(call.request, query_text(call.request, "next"))
    if call.house.identifier.signed_in(credentials_of(call.request)) is not NOBODY:
        return Response(status=303, location=back)
    return _form(call, back)


def enter(call: Call) -> Response:
    """``POST /sign-in``: ``{"name", "password"}`` for the cookie of a sign-in."""
    body = call.body(SignIn)
    back = page_below(call.request, body.next)
    address = credentials_of(call.request).address
    try:
        value = call.house.identifier.enter(body.name, body.password, address)
    except RequestError as error:
        if not is_form(call.request):
            raise
        return negotiated(
            call.request,
            {"html": partial(_form, call, back, error, body.name), "json": partial(_refuse, error)},
        )
    return keep_signed_in(
        changed(call.request, back), call.request, value, call.house.config.limits.sign_ins.session_days
    )


def leave(call: Call) -> Response:
    """``POST /sign-out``: ends the sign-in that the cookie is of."""
    call.house.identifier.leave(credentials_of(call.request))
    back = call.links.sign_in()
    return forget_sign_in(changed(call.request, back), call.request)


def _refuse(error: RequestError) -> NoReturn:
    raise error


def _form(call: Call, back: str, error: RequestError | None = None, name: str = "") -> Response:
    response = call.page(
        "sign_in.html",
        error.status if error else 200,
        error=error,
        name=name,
        next=back,
        anybody=bool(call.house.stores.accounts.page(1)),
    )
    if error:
        response.headers.update(error.headers.items())
    return response
