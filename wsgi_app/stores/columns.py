"""What columns hold beside numbers and texts: times, words of an enumeration, and typed JSON."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

E = TypeVar("E", bound=StrEnum)


class UnreadableValueError(sqlite3.DatabaseError):
    """A row holds what nobody here wrote: the database is damaged in it, though SQLite cannot know."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware time, kept as naive UTC because SQLite knows no zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """From the database.

        Raises:
            UnreadableValueError: what is there is no time.
        """
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def checked(value: Any) -> Any:
            try:
                return read(value)
            except (ValueError, TypeError, AttributeError) as error:
                raise UnreadableValueError("what is kept as a time is none") from error

        return checked


class EnumText(sa.TypeDecorator[E]):
    """A word of an enumeration.

    Args:
        words: the enumeration.
        otherwise: what stands for a word that it does not have, which a newer release may have written.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, words: type[E], otherwise: E | None = None):
        super().__init__()
        self.words, self.otherwise = words, otherwise
        self._by_text = {str(word): word for word in words}

    def process_bind_param(self, value: E | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> E | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else self._by_text.get(value, self.otherwise)


class TypedJson(sa.TypeDecorator[Any]):
    """A value of one type as JSON.

    Args:
        kind: its type, as msgspec takes types.
        unreadable: what stands for anything else that is found there, and for nothing.
        upgrade: makes what earlier releases wrote into what this one does, before it is read.
    """

    impl = sa.JSON
    cache_ok = True

    def __init__(
        self, kind: Any, unreadable: Any = None, upgrade: Callable[[Any], Any] = lambda value: value
    ):
        super().__init__(none_as_null=True)
        self.kind, self.unreadable, self.upgrade = kind, unreadable, upgrade

    def process_bind_param(self, value: Any | None, dialect: sa.Dialect) -> Any | None:  # noqa: ARG002
        """To the database."""
        return msgspec.to_builtins(value)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """From the database: text straight to the type, and by way of ``upgrade`` only where that fails."""
        decoder = msgspec.json.Decoder(self.kind)

        def read(text: Any) -> Any:
            if text is None:
                return self.unreadable
            try:
                return decoder.decode(text)
            except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
                return self._upgraded(read_json(text))

        return read

    def _upgraded(self, value: Any) -> Any:
        try:
            return self.unreadable if value is None else msgspec.convert(self.upgrade(value), self.kind)
        except (msgspec.ValidationError, ValueError):
            return self.unreadable


def read_json(text: Any) -> Any:
    """JSON as a column has it; ``None`` for what is none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
