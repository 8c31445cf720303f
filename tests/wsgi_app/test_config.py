import re
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgi_app.config import SETTINGS, Config, Limits, load_config
from wsgi_app.errors import ConfigError

DOCUMENTED = Path(__file__).parents[2] / "deploy" / "porteiro.env"
DEFAULTS = {setting.key: setting.default for setting in SETTINGS}


def documented_settings() -> list[tuple[str, str]]:
    """What the file for owners says of each setting: its key and its default."""
    return re.findall(r"^#(PORTEIRO_\w+)=(.*)$", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE)


# Good values


def test_an_empty_environment_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = Path(__file__).resolve().parents[2] / "var"
    assert load_config({}) == Config(
        data=data,
        prefix="/porteiro",
        http="127.0.0.1:8765",
        socket=None,
        processes=None,
        pack="",
        nose_model=None,
        nose_input_px=112,
        nose_channels="rgb",
        threshold=None,
        margin=0.05,
        database_url=f"sqlite:///{data}/porteiro.db",
        open=False,
        anonymous_doors=None,
        live=None,
        agreeing_faces=1,
        keep_known_days=30,
        keep_other_days=7,
        timezone=None,
        log_level="info",
        limits=Limits(),
    )


def test_every_setting_can_be_given(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    (folder / "nose.onnx").touch()
    given_values = {
        "PORTEIRO_DATA": f"{folder}/house",
        "PORTEIRO_PREFIX": "/front/door",
        "PORTEIRO_HTTP": "127.0.0.1:80",
        "PORTEIRO_SOCKET": f"{folder}/workers.sock",
        "PORTEIRO_PROCESSES": "4",
        "PORTEIRO_PACK": "zoo",
        "PORTEIRO_NOSE_MODEL": f"{folder}/nose.onnx",
        "PORTEIRO_NOSE_INPUT_PX": "224",
        "PORTEIRO_NOSE_CHANNELS": "bgr",
        "PORTEIRO_THRESHOLD": "0.45",
        "PORTEIRO_MARGIN": "0.1",
        "PORTEIRO_DATABASE_URL": f"sqlite:///{folder}/other.db",
        "PORTEIRO_OPEN": "0",
        "PORTEIRO_ANONYMOUS_DOORS": "0",
        "PORTEIRO_LIVE": "127.0.0.1:81",
        "PORTEIRO_AGREEING_FACES": "2",
        "PORTEIRO_KEEP_KNOWN_DAYS": "90",
        "PORTEIRO_KEEP_OTHER_DAYS": "1",
        "PORTEIRO_TIMEZONE": "Europe/Lisbon",
        "PORTEIRO_LOG_LEVEL": "debug",
    }
    assert set(given_values) == set(DEFAULTS)
    assert load_config(given_values) == Config(
        data=folder / "house",
        prefix="/front/door",
        http="127.0.0.1:80",
        socket=folder / "workers.sock",
        processes=4,
        pack="zoo",
        nose_model=folder / "nose.onnx",
        nose_input_px=224,
        nose_channels="bgr",
        threshold=0.45,
        margin=0.1,
        database_url=f"sqlite:///{folder}/other.db",
        open=False,
        anonymous_doors=False,
        live="127.0.0.1:81",
        agreeing_faces=2,
        keep_known_days=90,
        keep_other_days=1,
        timezone=ZoneInfo("Europe/Lisbon"),
        log_level="debug",
    )


def test_a_database_lies_in_the_data_folder_unless_the_setting_says_otherwise(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    assert load_config({"PORTEIRO_DATA": str(folder)}).database_url == f"sqlite:///{folder}/porteiro.db"


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize("key", sorted(DEFAULTS))
def test_a_blank_value_is_refused_because_uwsgi_would_not_take_it_for_the_default(
    key: str, blank: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{key} is set but empty; give it a value or remove it$"):
        load_config({key: blank})


def test_spaces_around_a_value_do_not_count() -> None:
    assert load_config({"PORTEIRO_PROCESSES": " 3 "}).processes == 3


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("/", ""), ("/a", "/a"), ("/a/b", "/a/b"), ("/~ana/front-door_2.0", "/~ana/front-door_2.0")],
)
def test_a_prefix_is_a_path_and_the_root_is_none(text: str, prefix: str) -> None:
    assert load_config({"PORTEIRO_PREFIX": text}).prefix == prefix


def test_other_programs_variables_are_not_looked_at() -> None:
    assert load_config({"PATH": "/bin", "PORTEIROX": "1", "porteiro_http": "x"}) == load_config({})


def test_reading_the_settings_touches_no_file(tmp_path: Path) -> None:
    load_config({"PORTEIRO_DATA": f"{tmp_path}/house", "PORTEIRO_SOCKET": f"{tmp_path}/run/workers.sock"})
    assert list(tmp_path.iterdir()) == []


# Bad values


PREFIX_RULE = "must be / or a plain path such as /porteiro, without / at its end"
TIMEZONE_RULE = "must be a time zone that this machine knows, such as Europe/Lisbon"
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
        ("PORTEIRO_DATA", "house", "must be a path from / on"),
        ("PORTEIRO_DATA", "~/house", "must be a path from / on"),
        ("PORTEIRO_SOCKET", "run/workers.sock", "must be a path from / on"),
        ("PORTEIRO_PROCESSES", "0", "must be a whole number from 1 to 64"),
        ("PORTEIRO_HTTP", "8765", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", ":8765", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:0", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:65536", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_HTTP", "127.0.0.1:http", "must be HOST:PORT, such as 127.0.0.1:8765"),
        ("PORTEIRO_PROCESSES", "-1", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "65", "must be a whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "two", "invalid literal for int() with base 10: 'two'"),
        ("PORTEIRO_PROCESSES", "2.5", "invalid literal for int() with base 10: '2.5'"),
        ("PORTEIRO_NOSE_MODEL", "/no/such/nose.onnx", "there is no file /no/such/nose.onnx"),
        ("PORTEIRO_DATABASE_URL", "porteiro.db", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "postgresql://house/porteiro", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "sqlite:///", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "sqlite:///porteiro.db", DATABASE_RULE),
        ("PORTEIRO_DATABASE_URL", "sqlite:///:memory:", DATABASE_RULE),
        ("PORTEIRO_NOSE_INPUT_PX", "15", "must be a whole number from 16 to 1024"),
        ("PORTEIRO_NOSE_INPUT_PX", "1025", "must be a whole number from 16 to 1024"),
        ("PORTEIRO_NOSE_CHANNELS", "RGB", "must be one of rgb, bgr"),
        ("PORTEIRO_THRESHOLD", "-0.1", "must be from 0 to 1"),
        ("PORTEIRO_THRESHOLD", "1.1", "must be from 0 to 1"),
        ("PORTEIRO_THRESHOLD", "nan", "must be from 0 to 1"),
        ("PORTEIRO_THRESHOLD", "high", "could not convert string to float: 'high'"),
        ("PORTEIRO_MARGIN", "inf", "must be from 0 to 1"),
        ("PORTEIRO_OPEN", "yes", "must be one of 0, 1"),
        ("PORTEIRO_ANONYMOUS_DOORS", "no", "must be one of 0, 1"),
        ("PORTEIRO_LIVE", "8766", "must be HOST:PORT, such as 127.0.0.1:8765"),
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
@given(key=st.sampled_from(sorted(DEFAULTS)), text=st.text(st.characters(codec="utf-8"), max_size=40))
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
        ("PORTEIRO_SOMETHING_ELSE_ALTOGETHER", f"the settings are {', '.join(DEFAULTS)}"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(key: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config({key: "1"})
    assert str(refused.value) == f"{key} is not a setting; {hint}"


# Addresses that other machines reach


@pytest.mark.parametrize(
    "settings",
    [
        *(
            {"PORTEIRO_HTTP": address}
            for address in ("0.0.0.0:8765", "192.168.1.5:8765", "[::]:8765", "[2001:db8::1]:8765", "*:8765")
        ),
        {"PORTEIRO_HTTP": "door.example:8765"},
        {"PORTEIRO_SOCKET": "/run/porteiro.sock"},
        {"PORTEIRO_LIVE": "0.0.0.0:8766"},
    ],
    ids=lambda settings: next(iter(settings.values())),
)
def test_where_others_reach_the_server_everybody_has_to_sign_in(settings: dict[str, str]) -> None:
    with pytest.raises(
        ConfigError, match=r"^PORTEIRO_OPEN=1 lets everybody .* PORTEIRO_LIVE to 127\.0\.0\.1 "
    ):
        load_config({**settings, "PORTEIRO_OPEN": "1"})
    assert load_config(settings).open is False


@pytest.mark.parametrize("address", ["127.0.0.1:80", "127.9.9.9:80", "localhost:80", "[::1]:80"])
def test_a_server_for_this_machine_alone_may_be_open(address: str) -> None:
    assert load_config({"PORTEIRO_HTTP": address, "PORTEIRO_OPEN": "1"}).open is True


@pytest.mark.parametrize(
    ("settings", "is_local"),
    [
        ({}, True),
        ({"PORTEIRO_HTTP": "127.0.0.1:80"}, True),
        ({"PORTEIRO_OPEN": "1"}, True),
        ({"PORTEIRO_HTTP": "0.0.0.0:80"}, False),
        ({"PORTEIRO_SOCKET": "/run/porteiro.sock"}, False),
    ],
)
def test_a_server_is_local_unless_others_reach_its_address_or_it_is_behind_nginx(
    settings: dict[str, str], is_local: bool
) -> None:
    assert load_config(settings).is_local is is_local


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({}, True),
        ({"PORTEIRO_HTTP": "0.0.0.0:80"}, False),
        ({"PORTEIRO_SOCKET": "/run/porteiro.sock"}, False),
        ({"PORTEIRO_ANONYMOUS_DOORS": "0"}, False),
        ({"PORTEIRO_ANONYMOUS_DOORS": "1", "PORTEIRO_SOCKET": "/run/porteiro.sock"}, True),
    ],
)
def test_doors_without_a_token_may_ask_a_local_server_or_where_the_owner_says_so(
    settings: dict[str, str], taken: bool
) -> None:
    assert load_config(settings).takes_anonymous_doors is taken


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "127.0.0.1:8766"),
        ({"PORTEIRO_HTTP": "[::1]:80"}, "[::1]:81"),
        ({"PORTEIRO_HTTP": "127.0.0.1:80", "PORTEIRO_LIVE": "127.0.0.1:9000"}, "127.0.0.1:9000"),
        ({"PORTEIRO_SOCKET": "/run/house/porteiro.sock"}, Path("/run/house/live.sock").resolve()),
    ],
)
def test_the_live_feed_has_the_next_port_or_a_socket_beside_the_other(
    settings: dict[str, str], address: str | Path
) -> None:
    assert load_config(settings).live_address == address


def test_behind_nginx_the_address_of_the_local_run_does_not_count() -> None:
    config = load_config({"PORTEIRO_HTTP": "0.0.0.0:80", "PORTEIRO_SOCKET": "/run/porteiro.sock"})
    assert (config.http, config.socket) == ("0.0.0.0:80", Path("/run/porteiro.sock").resolve())


def test_the_last_port_leaves_none_for_the_live_feed() -> None:
    with pytest.raises(ConfigError, match=r"^PORTEIRO_HTTP='127\.0\.0\.1:65535': no port follows "):
        load_config({"PORTEIRO_HTTP": "127.0.0.1:65535"})
    config = load_config({"PORTEIRO_HTTP": "127.0.0.1:65535", "PORTEIRO_LIVE": "127.0.0.1:65534"})
    assert config.live_address == "127.0.0.1:65534"


# The file for owners


def test_the_documented_settings_are_exactly_these_with_their_defaults_or_an_example() -> None:
    documented = dict(documented_settings())

    assert set(documented) == set(DEFAULTS)
    assert {key: documented[key] if default else "" for key, default in DEFAULTS.items()} == DEFAULTS


def test_every_documented_setting_is_explained_with_its_default() -> None:
    blocks = DOCUMENTED.read_text(encoding="utf-8").split("\n\n")
    for key, default in DEFAULTS.items():
        block = next(block for block in blocks if f"#{key}=" in block)
        *explanation, _ = block.strip().splitlines()
        assert 1 <= len(explanation) <= 3, key
        said = re.search(r"Default: (.+)", " ".join(explanation))
        assert said is not None, key
        assert said[1].startswith(default), key


def shell_environment(script: str) -> dict[str, str]:
    """What a shell has in its environment after a script."""
    output = subprocess.check_output(["/bin/sh", "-ec", f"{script}; env"], env={}, text=True)
    return dict(line.split("=", 1) for line in output.splitlines() if line.startswith("PORTEIRO_"))


def test_the_documented_file_changes_nothing_as_it_is_shipped() -> None:
    assert shell_environment(f"set -a; . '{DOCUMENTED}'; set +a") == {}


def test_every_line_of_the_documented_file_can_be_taken_as_it_stands(tmp_path: Path) -> None:
    everything = tmp_path / "porteiro.env"
    everything.write_text(re.sub(r"(?m)^#(?=PORTEIRO_)", "", DOCUMENTED.read_text(encoding="utf-8")))
    environment = shell_environment(f"set -a; . '{everything}'; set +a")
    (tmp_path / "nose.onnx").touch()
    environment["PORTEIRO_NOSE_MODEL"] = str(tmp_path / "nose.onnx")

    assert set(environment) == set(DEFAULTS)
    assert load_config(environment).threshold == 0.55
