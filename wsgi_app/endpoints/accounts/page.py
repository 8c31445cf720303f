"""The page of accounts, which links just made are told on as well."""

from webob import Response

from wsgi_app.access.roles import ACCOUNT_ROLES
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.invitations import Invitation
from wsgi_app.web.call import Call


def show_accounts(
    call: Call, accounts: list[Account], next_page: str = "", link: str = "", made: Invitation | None = None
) -> Response:
    """The page of accounts and open links; with a link just made, which is told this once."""
    stores = call.house.stores
    invitations = stores.invitations.open()
    return call.page(
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
