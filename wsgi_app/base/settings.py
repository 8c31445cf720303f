"""What one setting is: an environment variable, how it is read, and what owners read of it.

The settings themselves are the rows of ``config.Config``; ``documents.py`` writes them down for owners.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from wsgi_app.base.errors import ConfigError
from wsgi_app.base.readers import Reader

KEYS = "PORTEIRO_"  # begin so, and go on with the field's name

Value = TypeVar("Value")
Instead = TypeVar("Instead")


@dataclass(frozen=True)
class Unset(Generic[Instead]):
    """A default that is not one value.

    Attributes:
        value: of the field where nothing is set.
        words: what that comes to, for owners.
        example: of a text that could be set.
    """

    value: Instead
    words: str
    example: str


@dataclass(frozen=True)
class Setting:
    """One environment variable.

    Attributes:
        group: the heading under which owners read of it.
        text: what they read; ``{values}`` in it stands for the reader's.
        reader: makes the field's value of its text.
        default: the text that counts where nothing is set, or what is done without one.
        note: what owners read behind a default that is a text.
        opens: whether it lets people in, or shows them something, who could not before: no misspelt key is
            answered with a hint to it.
        field: of ``Config`` that it fills.
    """

    group: str
    text: str
    reader: Reader[Any]
    default: str | Unset[Any]
    note: str = ""
    opens: bool = False
    field: str = ""

    @property
    def key(self) -> str:
        """The environment's name for it."""
        return KEYS + self.field.upper()

    @property
    def explanation(self) -> str:
        """What it does, without its default."""
        return self.text.format(values=self.reader.values)

    @property
    def default_in_words(self) -> str:
        """Its default, as owners read it."""
        if isinstance(self.default, Unset):
            return self.default.words
        return f"{self.default}, {self.note}" if self.note else self.default

    @property
    def example(self) -> str:
        """A text that it can have: the default, if that is one."""
        return self.default.example if isinstance(self.default, Unset) else self.default


@overload
def setting(
    group: str,
    text: str,
    reader: Reader[Value],
    default: Unset[Instead],
    *,
    opens: bool = ...,
) -> Value | Instead: ...
@overload
def setting(
    group: str, text: str, reader: Reader[Value], default: str, *, note: str = ..., opens: bool = ...
) -> Value: ...
def setting(
    group: str,
    text: str,
    reader: Reader[Any],
    default: str | Unset[Any],
    *,
    note: str = "",
    opens: bool = False,
) -> Any:
    """A dataclass's field that a setting fills; for the arguments see ``Setting``."""
    row = Setting(group, text, reader, default, note, opens)
    return dataclasses.field(metadata={"setting": row})


def settings_of(table: type) -> tuple[Setting, ...]:
    """The settings that fill the fields of a dataclass, in their order."""
    return tuple(
        dataclasses.replace(field.metadata["setting"], field=field.name)
        for field in dataclasses.fields(table)
        if "setting" in field.metadata
    )


def read_settings(settings: tuple[Setting, ...], environ: Mapping[str, str]) -> dict[str, Any]:
    """The value of every setting, by the field it fills; nothing but the environment is read.

    Raises:
        ConfigError: a value cannot be used, or a key is unknown.
    """
    _refuse_unknown_keys(settings, environ)
    return {row.field: _value(row, environ) for row in settings}


def _value(row: Setting, environ: Mapping[str, str]) -> Any:
    if row.key not in environ:
        return row.default.value if isinstance(row.default, Unset) else row.reader.read(row.default)
    text = environ[row.key]
    if not text.strip():
        raise ConfigError(f"{row.key} is set but empty; give it a value or remove it")
    try:
        return row.reader.read(text)
    except (ValueError, OSError, RuntimeError) as error:  # a path can be impossible in all these ways
        shown = re.sub(r"//[^/]*@", "//[hidden]@", text)
        raise ConfigError(f"{row.key}={shown!r}: {error}") from error


def _refuse_unknown_keys(settings: tuple[Setting, ...], environ: Mapping[str, str]) -> None:
    known = {row.key: row for row in settings}
    for key in environ:
        if key.startswith(KEYS) and key not in known:
            raise ConfigError(f"{key} is not a setting; {_hint(key, known)}")


def _hint(key: str, known: Mapping[str, Setting]) -> str:
    close = difflib.get_close_matches(key.upper(), known, n=1)
    if not close or known[close[0]].opens:
        return "deploy/porteiro.env lists those that there are"
    return f"did you mean {close[0]}?"
