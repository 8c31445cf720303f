"""Who may sign in: the accounts."""

import msgspec
from webob import Response

from wsgi_app.endpoints.accounts.bodies import AccountList, RoleWord, account_body, account_version
from wsgi_app.endpoints.accounts.page import show_accounts
from wsgi_app.web.call import Call
from wsgi_app.web.paging import listed, text_of
from wsgi_app.web.rendering import changed, json_answer, resource_answer
from wsgi_app.web.versions import etag, expected


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    """Which role an account gets."""

    role: RoleWord


def index(call: Call) -> Response:
    """``GET /accounts``: every account by name, a page at a time."""
    accounts, after = call.house.stores.accounts, text_of(call, "after")
    return listed(
        call,
        lambda most: accounts.page(most, after),
        lambda last: last.name,
        {
            "json": (
                None,
                lambda some, _: json_answer(AccountList([account_body(call, one) for one in some])),
            ),
            "html": (None, lambda some, next_page: show_accounts(call, some, next_page)),
        },
    )


def show(call: Call, account: str) -> Response:
    """``GET /accounts/{account}``: one account."""
    shown = call.house.stores.accounts.get(account)
    return resource_answer(account_body(call, shown), account_version(shown))


def change(call: Call, account: str) -> Response:
    """``PATCH /accounts/{account}``: ``{"role"}``; ``If-Match`` guards against changes in between."""
    wish = call.body(RoleChange)
    changed_account = call.stores.accounts.change_role(account, wish.role, expected(call, account_version))
    body = account_body(call, changed_account)
    return changed(call.request, call.links.accounts, body, headers=etag(account_version(changed_account)))


def remove(call: Call, account: str) -> Response:
    """``DELETE /accounts/{account}``: ends its sign-ins too; ``If-Match`` likewise."""
    call.stores.accounts.remove(account, expected(call, account_version))
    return changed(call.request, call.links.accounts)
