"""What an account may be called, and what its password must be."""

from wsgi_app.access.identity import AT_HOME, NOBODY
from wsgi_app.access.passwords import LEAST_LETTERS, MOST_LETTERS
from wsgi_app.base.errors import Unprocessable
from wsgi_app.base.names import name_key
from wsgi_app.house.naming import checked_name
from wsgi_app.stores.events import AT_THE_MACHINE

# Who else stands in the audit log and on the pages: nobody may pass for these.
RESERVED = {name_key(name) for name in (AT_THE_MACHINE, AT_HOME.name, NOBODY.name)}


def checked_account_name(text: str) -> str:
    """A name with which somebody can sign in, as it is kept.

    Raises:
        Unprocessable: it cannot be a name, is somebody else's here, or holds a colon: programs could not sign
            in with one.
    """
    name = checked_name(text)
    if name_key(name) in RESERVED:
        raise Unprocessable("bad_name:reserved", name=name)
    if ":" in name:
        raise Unprocessable("bad_name:colon")
    return name


def checked_password(password: str, again: str | None) -> str:
    """A password that an account can have; ``again`` is what a person typed the second time.

    Raises:
        Unprocessable: it is too short or too long, or the two differ.
    """
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
        raise Unprocessable("bad_password:length", least=LEAST_LETTERS, most=MOST_LETTERS)
    if again is not None and again != password:
        raise Unprocessable("bad_password:twice")
    return password
