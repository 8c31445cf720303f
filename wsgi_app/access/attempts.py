"""Checking a name and its password, a few times only, for the sign-in page and for Basic auth alike."""

from wsgi_app.access.passwords import Passwords
from wsgi_app.base.limits import SignInLimits
from wsgi_app.stores.accounts import Account, AccountStore
from wsgi_app.stores.attempts import AttemptStore, account_key, address_key


class PasswordCheck:
    """Tells whose name and password they are."""

    def __init__(
        self, accounts: AccountStore, attempts: AttemptStore, passwords: Passwords, limits: SignInLimits
    ):
        self._accounts, self._attempts, self._passwords, self._limits = accounts, attempts, passwords, limits

    def account(self, name: str, password: str, address: str) -> Account | None:
        """The account, or ``None``; nothing tells whether the name or the password is wrong.

        Raises:
            TooManyRequests: that address, or everybody for that account, failed too often of late.
            Unavailable: the database does not answer, or there is no memory.
        """
        from_address, to_account = address_key(address), account_key(name)
        self._attempts.count(
            {
                from_address: self._limits.address_failures,
                to_account: self._limits.account_failures,
            }
        )
        account = self._accounts.named(name)
        if self._passwords.fits(password, account.password_hash if account else None):
            self._attempts.forget(from_address, to_account)
            return account
        if account is not None:
            self._accounts.tell_failure(account, address)
        return None
