"""Passwords, as argon2 keeps them."""

import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from wsgi_app.base.errors import Unavailable

LEAST_LETTERS, MOST_LETTERS = 10, 1000


class Passwords:
    """Makes what is kept of a password, and tells whether one fits it.

    Args:
        hasher: with the cost of each hash; argon2-cffi's own choice is RFC 9106's for little memory.
    """

    def __init__(self, hasher: PasswordHasher | None = None):
        self._hasher = hasher or PasswordHasher()

    def hash(self, password: str) -> str:
        """What is kept of a password.

        Raises:
            Unavailable: there is no memory for it now.
        """
        try:
            return self._hasher.hash(_one_spelling(password))
        except Argon2Error as error:
            raise Unavailable("unavailable:passwords") from error

    def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether a password is the one that was kept; nobody's (``None``) fits none, and takes as long.

        Raises:
            Unavailable: there is no memory for it now, or what was kept is broken.
        """
        nobodys = self._nobodys
        kept = nobodys if password_hash is None else password_hash
        try:
            self._hasher.verify(kept, _one_spelling(password))
        except VerifyMismatchError:
            return False
        except (Argon2Error, InvalidHashError) as error:
            raise Unavailable("unavailable:passwords") from error
        return password_hash is not None

    @cached_property
    def _nobodys(self) -> str:
        return self.hash("")


def cheap_passwords() -> Passwords:
    """For an account that guards nothing, with a password that everybody knows: a check costs nothing."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def _one_spelling(password: str) -> str:
    # Keyboards write the same letter in several ways.
    return unicodedata.normalize("NFKC", password)
