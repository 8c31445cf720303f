"""Settings: read from the environment, or refused with their key and a reason."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgi_app.base.config import SETTINGS, Config, load_config
from wsgi_app.base.errors import ConfigError

KEYS = [setting.key for setting in SETTINGS]


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_blank_value_is_refused_because_uwsgi_would_not_take_it_for_the_default(
    key: str, blank: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{key} is set but empty; give it a value or remove it$"):
        load_config({key: blank})


def test_spaces_around_a_value_do_not_count() -> None:
    assert load_config({"PORTEIRO_PROCESSES": " 3 "}).processes == 3


def test_other_programs_variables_are_not_looked_at() -> None:
    assert load_config({"PATH": "/bin", "PORTEIROX": "1", "porteiro_http": "x"}) == load_config({})


# Bad values


PREFIX_RULE = "must be / or a plain path such as /porteiro, without / at its end"
TIMEZONE_RULE = "must be a time zone that this machine knows, such as Europe/Lisbon"
PLACEHOLDER_RULE = "must not have %( in it, which uWSGI would take for a name of its own"
TOO_LONG = (
    "is too long: a Unix socket's path, that of others.sock beside it too, has at most 107 bytes, and this "
    "one {}; take a shorter one, such as /run/porteiro/porteiro.sock"
)
DATA_RULE = "must not have {} in it, with which the database's address or the log file's name would end"
DOORS_RULE = (
    "must be doors' names with a comma between any two, such as garden,cellar, and '{}' is none: 1 to 63 of "
    "a-z, 0-9 and -, the first one no -"
)
DATABASE_RULE = "must be sqlite:// and a path from / on, such as sqlite:////srv/porteiro.db"


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("PORTEIRO_PREFIX", "porteiro", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a//b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a?b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a#b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a%20b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a=b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a/", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "//", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/..", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/.", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/a/../b", PREFIX_RULE),
        ("PORTEIRO_PREFIX", "/static", "must not be /static, where the pages' own files are"),
        ("PORTEIRO_PREFIX", "/static/a", "must not be /static, where the pages' own files are"),
        ("PORTEIRO_SOCKET", "/run/a:b.sock", "must not have : in it, which uWSGI would take for a port"),
        ("PORTEIRO_SOCKET", f"/{'n' * 107}", TOO_LONG.format(108)),
        ("PORTEIRO_SOCKET", f"/{'é' * 54}", TOO_LONG.format(109)),
        ("PORTEIRO_SOCKET", f"/{'n' * 95}/a", TOO_LONG.format(108)),
        ("PORTEIRO_DATA", "/a%(data)", PLACEHOLDER_RULE),
        ("PORTEIRO_SOCKET", "/a%(data)", PLACEHOLDER_RULE),
        ("PORTEIRO_DATA", "/a?b", DATA_RULE.format("?")),
        ("PORTEIRO_DATA", "/a,b\\c", DATA_RULE.format(", or \\")),
        ("PORTEIRO_DATA", "house", "must be a path from / on"),
        ("PORTEIRO_DATA", "~/house", "must be a path from / on"),
        ("PORTEIRO_SOCKET", "run/workers.sock", "must be a path from / on"),
        ("PORTEIRO_DATA", "/", "must be a folder of its own, such as /srv/porteiro"),
        ("PORTEIRO_DATA", "/srv/a/../b", "must not have .. in it"),
        ("PORTEIRO_DATA", "/" + "n" * 450, "is too long for the files in it: at most 450 bytes"),
        ("PORTEIRO_PROCESSES", "0", "must be a whole number from 1 to 64"),
        ("PORTEIRO_HTTP", "8765", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", ":8765", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:0", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:65536", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:http", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_PROCESSES", "-1", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "65", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "two", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "1_0", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "٣", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "2.5", "must be a whole number from 1 to 64"),
        ("PORTEIRO_NOSE_MODEL", "/no/such/nose.onnx", "there is no file /no/such/nose.onnx"),
        ("PORTEIRO_DATABASE_URL", "porteiro.db", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "postgresql://house/porteiro", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "sqlite:///", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "sqlite:///porteiro.db", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "sqlite:///:memory:", DATABASE_RULE),
        ("PORTEIRO_NOSE_INPUT_PX", "15", "must be a whole number from 16 to 1024"),
        ("PORTEIRO_NOSE_INPUT_PX", "1025", "must be a whole number from 16 to 1024"),
        ("PORTEIRO_NOSE_CHANNELS", "RGB", "must be one of rgb, bgr"),
        ("PORTEIRO_THRESHOLD", "-0.1", "must be a number from 0 to 1"),
        ("PORTEIRO_THRESHOLD", "1.1", "must be a number from 0 to 1"),
        ("PORTEIRO_THRESHOLD", "nan", "must be a number from 0 to 1"),
        ("PORTEIRO_THRESHOLD", "high", "must be a number from 0 to 1"),
        ("PORTEIRO_MARGIN", "inf", "must be a number from 0 to 1"),
        ("PORTEIRO_OPEN", "yes", "must be one of 0, 1"),
        ("PORTEIRO_ANONYMOUS_DOORS", "no", "must be one of 0, 1"),
        ("PORTEIRO_LIVE", "8766", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_BUSY_DOORS", "garden,,cellar", DOORS_RULE.format("")),
        ("PORTEIRO_BUSY_DOORS", "garden;cellar", DOORS_RULE.format("garden;cellar")),
        ("PORTEIRO_BUSY_DOORS", "garden cellar", DOORS_RULE.format("garden cellar")),
        ("PORTEIRO_BUSY_DOORS", "garden, Cellar", DOORS_RULE.format("Cellar")),
        ("PORTEIRO_BUSY_DOORS", "device:garden", DOORS_RULE.format("device:garden")),
        ("PORTEIRO_BUSY_DOORS", "-", DOORS_RULE.format("-")),
        ("PORTEIRO_AGREEING_FACES", "0", "must be a whole number from 1 to 3"),
        ("PORTEIRO_KEEP_KNOWN_DAYS", "0", "must be a whole number from 1 to 3650"),
        ("PORTEIRO_KEEP_OTHER_DAYS", "3651", "must be a whole number from 1 to 3650"),
        ("PORTEIRO_TIMEZONE", "Europe/Atlantis", TIMEZONE_RULE),
        ("PORTEIRO_TIMEZONE", "../../etc/passwd", TIMEZONE_RULE),
        ("PORTEIRO_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
    ],
)
def test_a_bad_value_is_refused_with_its_key_and_the_reason(key: str, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config({key: text})
    assert str(refused.value) == f"{key}={text!r}: {why}"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        pytest.param("PORTEIRO_SOCKET", "/run\0/workers.sock", id="a folder with a zero byte"),
        pytest.param("PORTEIRO_NOSE_MODEL", "n" * 300, id="a name that is too long"),
        pytest.param("PORTEIRO_NOSE_MODEL", "nose\0.onnx", id="a zero byte"),
    ],
)
def test_a_path_that_cannot_be_is_refused_with_its_key(key: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}="):
        load_config({key: text})


@settings(deadline=None)
@given(key=st.sampled_from(sorted(KEYS)), text=st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_value_is_either_used_or_refused_with_its_key(key: str, text: str) -> None:
    try:
        assert isinstance(load_config({key: text}), Config)
    except ConfigError as refused:
        assert str(refused).startswith((f"{key}=", f"{key} is set"))  # noqa: PT017  # most are used


def test_a_password_in_a_refused_value_is_not_shown() -> None:
    with pytest.raises(ConfigError) as refused:
        load_config({"PORTEIRO_DATABASE_URL": "postgresql://ana:s3c@ret@house/porteiro"})
    assert str(refused.value) == (
        f"PORTEIRO_DATABASE_URL='postgresql://[hidden]@house/porteiro': {DATABASE_RULE}"
    )


# Unknown keys


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("PORTEIRO_HTPP", "did you mean PORTEIRO_HTTP?"),
        ("PORTEIRO_PROCESS", "did you mean PORTEIRO_PROCESSES?"),
        ("PORTEIRO_TRESHOLD", "did you mean PORTEIRO_THRESHOLD?"),
        ("PORTEIRO_http", "did you mean PORTEIRO_HTTP?"),
        ("PORTEIRO_SOMETHING_ELSE_ALTOGETHER", "deploy/porteiro.env lists those that there are"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config({key: "1"})
    assert str(refused.value) == f"{key} is not a setting; {hint}"


OPENING_KEYS = [setting.key for setting in SETTINGS if setting.opens]


def near_misses(key: str) -> Iterator[str]:
    """A key with one letter left out, doubled or changed, or two exchanged, and some guesses."""
    first = len("PORTEIRO_")
    for at in range(first, len(key)):
        yield key[:at] + key[at + 1 :]
        yield key[:at] + key[at] + key[at:]
        yield key[:at] + "X" + key[at + 1 :]
    for one, other in pairwise(range(first, len(key))):
        yield key[:one] + key[other] + key[one] + key[other + 1 :]
    for word in ("S", "ED", "_ALL", "_TO_ALL"):
        yield key + word
    yield f"PORTEIRO_NO_{key[first:]}"
    yield key.lower().replace("porteiro_", "PORTEIRO_")


def test_these_settings_open_the_house() -> None:
    assert OPENING_KEYS == [
        "PORTEIRO_OPEN",
        "PORTEIRO_ANONYMOUS_DOORS",
        "PORTEIRO_BUSY_DOORS",
        "PORTEIRO_OPEN_UNKEPT",
        "PORTEIRO_LAB",
        "PORTEIRO_LAB_FILES",
    ]


@pytest.mark.parametrize("key", OPENING_KEYS)
def test_no_near_miss_is_answered_with_a_setting_that_opens_the_house(key: str) -> None:
    for near in set(near_misses(key)) - set(KEYS):
        with pytest.raises(ConfigError) as refused:
            load_config({near: "1"})
        hint = str(refused.value).removeprefix(f"{near} is not a setting; ")
        assert set(re.findall(r"PORTEIRO_\w+", hint)).isdisjoint(OPENING_KEYS), near


@pytest.mark.parametrize("key", ["PORTEIRO_OPNE", "PORTEIRO_ANONYMOUS", "PORTEIRO_LABS", "PORTEIRO_LAB_FILE"])
def test_a_misspelt_setting_that_opens_the_house_has_to_be_looked_up(key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config({key: "1"})
    assert str(refused.value) == f"{key} is not a setting; deploy/porteiro.env lists those that there are"
