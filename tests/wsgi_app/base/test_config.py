from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import wsgi_app
from wsgi_app.base.config import SETTINGS, Config, load_config
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.limits import Limits


def test_an_empty_environment_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = Path(__file__).resolve().parents[3] / "var"
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
        far_per_visit=0.001,
        margin=0.05,
        database_url=f"sqlite:///{data}/porteiro.db",
        secret_file=None,
        open=False,
        anonymous_doors=None,
        live=None,
        agreeing_faces=1,
        tries=12,
        tries_minutes=10,
        tries_wait_s=30,
        tries_agreeing_faces=1,
        busy_doors=(),
        open_unkept=False,
        least_free_mib=200,
        keep_known_days=30,
        keep_other_days=7,
        purge_when_full=False,
        mib_per_door_and_day=500,
        timezone=None,
        backup=None,
        backup_hour=3,
        backup_keep=7,
        backup_passphrase_file=None,
        lab=None,
        lab_files=None,
        log_level="info",
        limits=Limits(),
    )


def test_every_setting_can_be_given(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    (folder / "nose.onnx").touch()
    (folder / "shown").mkdir()
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
        "PORTEIRO_FAR_PER_VISIT": "0.01",
        "PORTEIRO_MARGIN": "0.1",
        "PORTEIRO_DATABASE_URL": f"sqlite:///{folder}/other.db",
        "PORTEIRO_SECRET_FILE": f"{folder}/keys/secret",
        "PORTEIRO_OPEN": "0",
        "PORTEIRO_ANONYMOUS_DOORS": "0",
        "PORTEIRO_LIVE": "127.0.0.1:81",
        "PORTEIRO_AGREEING_FACES": "2",
        "PORTEIRO_TRIES": "0",
        "PORTEIRO_TRIES_MINUTES": "60",
        "PORTEIRO_TRIES_WAIT_S": "10",
        "PORTEIRO_TRIES_AGREEING_FACES": "3",
        "PORTEIRO_BUSY_DOORS": "garden, cellar",
        "PORTEIRO_OPEN_UNKEPT": "1",
        "PORTEIRO_LEAST_FREE_MIB": "500",
        "PORTEIRO_KEEP_KNOWN_DAYS": "90",
        "PORTEIRO_KEEP_OTHER_DAYS": "1",
        "PORTEIRO_PURGE_WHEN_FULL": "1",
        "PORTEIRO_MIB_PER_DOOR_AND_DAY": "50",
        "PORTEIRO_TIMEZONE": "Europe/Lisbon",
        "PORTEIRO_BACKUP": f"{folder}/backups",
        "PORTEIRO_BACKUP_HOUR": "0",
        "PORTEIRO_BACKUP_KEEP": "30",
        "PORTEIRO_BACKUP_PASSPHRASE_FILE": f"{folder}/keys/passphrase",
        "PORTEIRO_LAB": "1",
        "PORTEIRO_LAB_FILES": f"{folder}/shown",
        "PORTEIRO_LOG_LEVEL": "debug",
    }
    assert set(given_values) == {setting.key for setting in SETTINGS}
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
        far_per_visit=0.01,
        margin=0.1,
        database_url=f"sqlite:///{folder}/other.db",
        secret_file=folder / "keys" / "secret",
        open=False,
        anonymous_doors=False,
        live="127.0.0.1:81",
        agreeing_faces=2,
        tries=0,
        tries_minutes=60,
        tries_wait_s=10,
        tries_agreeing_faces=3,
        busy_doors=("garden", "cellar"),
        open_unkept=True,
        least_free_mib=500,
        keep_known_days=90,
        keep_other_days=1,
        purge_when_full=True,
        mib_per_door_and_day=50,
        timezone=ZoneInfo("Europe/Lisbon"),
        backup=folder / "backups",
        backup_hour=0,
        backup_keep=30,
        backup_passphrase_file=folder / "keys" / "passphrase",
        lab=True,
        lab_files=folder / "shown",
        log_level="debug",
    )


def test_a_database_lies_in_the_data_folder_unless_the_setting_says_otherwise(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    assert load_config({"PORTEIRO_DATA": str(folder)}).database_url == f"sqlite:///{folder}/porteiro.db"


def test_the_secret_lies_in_the_data_folder_unless_the_setting_says_otherwise(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    data = {"PORTEIRO_DATA": f"{folder}/house"}
    assert load_config(data).door_secret_file == folder / "house" / "keys" / "doors.key"
    moved = load_config({**data, "PORTEIRO_SECRET_FILE": f"{folder}/secret"})
    assert moved.door_secret_file == folder / "secret"


def test_a_secret_is_a_file(tmp_path: Path) -> None:
    for text, told in ((str(tmp_path), "must be a file, and this is a folder"), ("keys", "must be a path")):
        with pytest.raises(ConfigError, match=f"PORTEIRO_SECRET_FILE=.*{told}"):
            load_config({"PORTEIRO_SECRET_FILE": text})


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        ("", "house does (PORTEIRO_DATA)"),
        ("house", "house does (PORTEIRO_DATA)"),
        ("house/photos", "house, with what nobody else may see (PORTEIRO_DATA)"),
        ("to-house", "house does (PORTEIRO_DATA)"),
        ("secrets", "secrets/keys does (PORTEIRO_SECRET_FILE)"),
        ("secrets/keys", "secrets/keys does (PORTEIRO_SECRET_FILE)"),
        ("secrets/keys/deep", "secrets/keys, with what nobody else may see (PORTEIRO_SECRET_FILE)"),
        ("databases", "databases/porteiro.db does (PORTEIRO_DATABASE_URL)"),
        ("backups", "backups/house does (PORTEIRO_BACKUP)"),
        ("backups/house/deep", "backups/house, with what nobody else may see (PORTEIRO_BACKUP)"),
        ("phrases", "phrases does (PORTEIRO_BACKUP_PASSPHRASE_FILE)"),
    ],
)
def test_the_lab_shows_nothing_of_what_is_kept(tmp_path: Path, shown: str, named: str) -> None:
    folder = tmp_path.resolve()
    for name in (
        *("house/photos", "secrets/keys/deep", "databases", "house-photos"),
        *("backups/house/deep", "phrases"),
    ):
        (folder / name).mkdir(parents=True)
    (folder / "to-house").symlink_to(folder / "house")
    (folder / "to-keys").symlink_to(folder / "secrets/keys")
    settings = {
        "PORTEIRO_DATA": f"{folder}/house",
        "PORTEIRO_SECRET_FILE": f"{folder}/to-keys/doors.key",
        "PORTEIRO_DATABASE_URL": f"sqlite:///{folder}/databases/porteiro.db",
        "PORTEIRO_BACKUP": f"{folder}/backups/house",
        "PORTEIRO_BACKUP_PASSPHRASE_FILE": f"{folder}/phrases/backup",
    }

    with pytest.raises(ConfigError) as refused:
        load_config({**settings, "PORTEIRO_LAB_FILES": f"{folder}/{shown}"})

    assert str(refused.value).startswith("PORTEIRO_LAB_FILES=")
    assert named in str(refused.value)
    beside = load_config({**settings, "PORTEIRO_LAB_FILES": f"{folder}/house-photos"})
    assert beside.lab_files == folder / "house-photos"


def test_the_lab_shows_no_keys_of_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()

    with pytest.raises(ConfigError, match=r"^PORTEIRO_LAB_FILES=.*/keys does \(PORTEIRO_SECRET_FILE\)"):
        load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LAB_FILES": f"{tmp_path}/keys"})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("PORTEIRO_DATA", "{static}/house"),
        ("PORTEIRO_SECRET_FILE", "{static}/doors.key"),
        ("PORTEIRO_DATABASE_URL", "sqlite:///{static}/porteiro.db"),
        ("PORTEIRO_BACKUP", "{static}/backups"),
        ("PORTEIRO_BACKUP_PASSPHRASE_FILE", "{static}/passphrase"),
    ],
)
def test_nothing_is_kept_among_the_pages_files(key: str, text: str) -> None:
    static = Path(wsgi_app.__file__).resolve().with_name("static")

    with pytest.raises(ConfigError, match=rf"^{key}: .* lies in .*/static, whose files everybody gets"):
        load_config({key: text.format(static=static)})


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("/", ""),
        ("/a", "/a"),
        ("/a/b", "/a/b"),
        ("/~ana/front-door_2.0", "/~ana/front-door_2.0"),
        ("/statics/...", "/statics/..."),
    ],
)
def test_a_prefix_is_a_path_and_the_root_is_none(text: str, prefix: str) -> None:
    assert load_config({"PORTEIRO_PREFIX": text}).prefix == prefix


def test_reading_the_settings_touches_no_file(tmp_path: Path) -> None:
    load_config({"PORTEIRO_DATA": f"{tmp_path}/house", "PORTEIRO_SOCKET": f"{tmp_path}/run/workers.sock"})
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "127.0.0.2", "[::1]:8765", "localhost"])
def test_this_machine_is_asked_by_its_own_names(host: str) -> None:
    assert load_config({}).is_own_name(host)
    assert load_config({"PORTEIRO_HTTP": "[::1]:80"}).is_own_name(host)


@pytest.mark.parametrize(
    "host", ["evil.example:8765", "evil.example", "localhost.evil.example:80", "127.0.0.1.evil:80", ":80", ""]
)
def test_a_name_that_somebody_pointed_to_this_machine_is_not_its_own(host: str) -> None:
    assert not load_config({}).is_own_name(host)
    assert load_config({"PORTEIRO_HTTP": "0.0.0.0:80"}).is_own_name(host)
    assert load_config({"PORTEIRO_SOCKET": "/run/porteiro.sock"}).is_own_name(host)


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
