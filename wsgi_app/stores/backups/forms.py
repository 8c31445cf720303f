"""How the files of a backup are written: as they are, or encrypted so that age reads them.

An age identity (X25519) is made of the passphrase and a salt by scrypt, and each file is encrypted to it:
in pieces, so that memory does not grow with the file, and each with a check of its own.
"""

import hashlib
import hmac
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from typing import IO, Protocol, TypeVar

import msgspec
import pyrage

SALT_BYTES = 16
# As OWASP's cheat sheet on storing passwords has it for 64 MiB, which the smallest Raspberry Pi has.
SCRYPT = {"n": 2**16, "r": 8, "p": 2, "maxmem": 2**27, "dklen": 32}
PIECE_BYTES = 1 << 20
IDENTITY = "age-secret-key-"
Result = TypeVar("Result")
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"  # of Bech32, BIP 173


class Damaged(Exception):
    """What is read is not what was written."""


class Sealing(msgspec.Struct, frozen=True):
    """What is kept in the clear of an encrypted backup: the salt, and by what the passphrase is known."""

    salt: bytes
    check: bytes


class Tap:
    """A stream that counts and hashes what passes, and keeps what went wrong with it.

    Args:
        stream: what is read or written; without one nothing is kept of what is written.
    """

    def __init__(self, stream: IO[bytes] | None = None):
        self._stream, self._hash, self.size = stream, hashlib.sha256(), 0
        self.error: OSError | None = None

    @property
    def sha256(self) -> str:
        """Of everything that passed, in hexadecimal."""
        return self._hash.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        data = self._tried(lambda stream: stream.read(size), b"")
        self._count(data)
        return data

    def write(self, data: bytes) -> int:
        """As of a file."""
        self._tried(lambda stream: stream.write(data), 0)
        self._count(data)
        return len(data)

    def flush(self) -> None:
        """As of a file."""
        self._tried(lambda stream: stream.flush(), None)

    def _count(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)

    def _tried(self, act: Callable[[IO[bytes]], Result], otherwise: Result) -> Result:
        if self._stream is None:
            return otherwise
        try:
            return act(self._stream)
        except OSError as error:
            self.error = error
            raise


class BackupForm(Protocol):
    """One way to write files."""

    suffix: str

    def put(self, source: Tap, target: Tap) -> None:
        """Write a file; raises the OSError of either of them."""

    def take(self, source: Tap, target: Tap) -> None:
        """Read one back; raises Damaged, or the OSError of either of them."""


class Plain:
    """Files as they are."""

    suffix = ""

    def put(self, source: Tap, target: Tap) -> None:
        """Copy it."""
        shutil.copyfileobj(source, target, PIECE_BYTES)

    take = put


class Sealed:
    """Files that only those can read who know a passphrase.

    Args:
        passphrase: of the owner.
        salt: of the backups that are to be read; ``None`` for a new one.
    """

    suffix = ".age"

    def __init__(self, passphrase: str, salt: bytes | None = None):
        salt = salt or os.urandom(SALT_BYTES)
        self._identity = _identity(passphrase, salt)
        public = str(self._identity.to_public())
        self.sealing = Sealing(salt, hashlib.sha256(public.encode()).digest())

    def opens(self, sealing: Sealing) -> bool:
        """Whether this is the passphrase with which something was sealed."""
        return hmac.compare_digest(self.sealing.check, sealing.check)

    def put(self, source: Tap, target: Tap) -> None:
        """Encrypt it."""
        try:
            pyrage.encrypt_io(source, target, [self._identity.to_public()])
        except (pyrage.EncryptError, OSError) as error:
            raise source.error or target.error or OSError(str(error)) from error

    def take(self, source: Tap, target: Tap) -> None:
        """Decrypt it."""
        try:
            pyrage.decrypt_io(source, target, [self._identity])
        except (pyrage.DecryptError, OSError) as error:
            raise source.error or target.error or Damaged from error


PLAIN = Plain()


@lru_cache(maxsize=4)
def _identity(passphrase: str, salt: bytes) -> pyrage.x25519.Identity:
    secret = hashlib.scrypt(passphrase.encode(), salt=salt, **SCRYPT)
    return pyrage.x25519.Identity.from_str(bech32(IDENTITY, secret).upper())


def bech32(prefix: str, data: bytes) -> str:
    """Bytes as BIP 173 writes them, in small letters."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    expanded = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    check = _checksum([*expanded, *values, *[0] * 6]) ^ 1
    values += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{prefix}1{''.join(LETTERS[value] for value in values)}"


def _checksum(values: list[int]) -> int:
    generator = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(generator):
            check ^= term if top >> place & 1 else 0
    return check
