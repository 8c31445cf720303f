import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.doors import GOOD_VITALS
from tests.owners import Owner
from wsgi_app.access.evidence import token_key
from wsgi_app.stores.presses import Press, keep_press
from wsgi_app.stores.tables import devices


def test_a_doors_token_is_all_that_is_told_on_standard_output(newcomer: Owner) -> None:
    result = newcomer.types("token", "add", "front-door")

    token = result.stdout.removesuffix("\n")
    assert re.fullmatch(r"front-door\.[0-9A-Za-z_-]{43}", token)
    assert "server.token_file" in result.stderr
    assert token.partition(".")[2] not in result.stderr
    with newcomer.house() as stores:
        device = stores.devices.holding(token_key(token))
        assert device is not None
        assert device.id == "front-door"


def test_every_token_is_another(newcomer: Owner) -> None:
    tokens = {newcomer.does("token", "add", f"door-{number}").partition(".")[2] for number in range(3)}
    assert len(tokens) == 3


@pytest.mark.parametrize("name", ["Front", "front door", "front.door", "-front", "", "f" * 64, "tür", "f\n"])
def test_a_name_that_cannot_be_a_doors_is_refused(newcomer: Owner, name: str) -> None:
    result = newcomer.types("token", "add", "--", name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be a door's name" in result.stderr


def test_a_door_gets_another_token_once_its_first_is_revoked(newcomer: Owner) -> None:
    first = newcomer.does("token", "add", "front-door").strip()
    told = newcomer.is_told("token", "add", "front-door")
    revoked = newcomer.does("token", "revoke", "front-door")
    second = newcomer.does("token", "add", "front-door").strip()

    assert told == (
        "porteiro: front-door has a token; `porteiro token revoke front-door` first makes room for another."
    )
    assert revoked == "The token of front-door is revoked.\n"
    with newcomer.house() as stores:
        holders = [stores.devices.holding(token_key(token)) for token in (first, second)]
        assert [holder and holder.revoked_at for holder in holders] == [None, None]
        assert holders[0] is None


def test_a_door_that_is_not_there_cannot_be_revoked(newcomer: Owner) -> None:
    assert newcomer.is_told("token", "revoke", "front-door") == (
        "porteiro: No door 'front-door' has a token; porteiro token list shows which have."
    )


def test_after_the_secret_was_replaced_the_doors_of_before_are_named(newcomer: Owner, tmp_path: Path) -> None:
    newcomer.does("token", "add", "front")
    with newcomer.house() as stores:
        stores.devices.hear("front", msgspec.structs.replace(GOOD_VITALS, evidence=1))
    [file] = tmp_path.rglob("doors.key")
    first = file.rename(file.with_name("kept.key"))

    missing = newcomer.types("token", "list")
    added = newcomer.types("token", "add", "back")
    listed = newcomer.does("token", "list")
    first.replace(file)

    assert f"The secret {file} is not there." in missing.stderr
    assert "so that nothing they sign is accepted: the tokens of front. Bring back" in added.stderr
    assert re.search(r"(?m)^ *back .* never *$", listed)
    assert re.search(r"(?m)^ *front .* here, update it, renew its token *$", listed)
    assert re.search(r"(?m)^ *back .* never, renew its token *$", newcomer.does("token", "list"))


def test_doors_are_listed_with_when_they_were_heard(newcomer: Owner) -> None:
    assert newcomer.does("token", "list") == "No door has a token yet: porteiro token add NAME\n"
    tokens = {name: newcomer.does("token", "add", name).strip() for name in ("front", "garage", "back")}
    pressed_at = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
    with newcomer.house() as stores:
        stores.devices.hear("front", GOOD_VITALS)
        stores.devices.hear("back", msgspec.structs.replace(GOOD_VITALS, evidence=1))
        press = Press("front", token_key(tokens["front"]), "press-1", "boot-1", 1, pressed_at)
        with stores.database.write() as connection:
            keep_press(connection, press)
    newcomer.does("token", "revoke", "garage")

    said = newcomer.does("token", "list")
    heading, *rows = [re.split(r"\s{2,}", line.strip()) for line in said.splitlines()]

    today = rf"{datetime.now(UTC):%Y-%m-%d} \d\d:\d\d"
    assert heading == ["Name", "Made", "Last press", "Last heartbeat", "State"]
    assert [[re.sub(today, "today", cell) for cell in row] for row in rows] == [
        ["back", "today", "-", "today", "here, update it"],
        ["front", "today", "2026-01-05 10:30", "today", "here"],
        ["garage", "today", "-", "-", "revoked"],
    ]
    assert not any(token.partition(".")[2] in said for token in tokens.values())


def test_a_door_of_an_earlier_release_that_is_not_heard_may_need_another_token(newcomer: Owner) -> None:
    with newcomer.house() as stores:
        stores.devices.add("front", token_key(f"front.{43 * 'x'}"))
        stores.devices.hear("front", GOOD_VITALS)  # over https its token came
    assert re.search(r"(?m)^ *front .* here *$", newcomer.does("token", "list"))

    with newcomer.house() as stores, stores.database.write() as connection:
        connection.execute(devices.update(), {"heard_at": datetime.now(UTC) - timedelta(hours=1)})
    assert re.search(r"(?m)^ *front .* lost, renew its token *$", newcomer.does("token", "list"))

    with newcomer.house() as stores, stores.database.write() as connection:
        connection.execute(devices.update(), {"pressed_at": datetime.now(UTC)})  # heard all the same
    assert re.search(r"(?m)^ *front .* lost *$", newcomer.does("token", "list"))
