"""Counters for Prometheus."""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from tests.doors import add_door
from tests.servers import InProcessServer, post_json, post_photo
from wsgi_app.base.purges import HoldReason
from wsgi_app.house.house import House
from wsgi_app.stores.backups.state import BackupState, write_state
from wsgi_app.stores.purges import PurgeDoubt
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]


def samples(server: InProcessServer) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = server.ask("GET", "/metrics").body.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_happened_is_exposed(server: InProcessServer, photo: Photo) -> None:
    post_photo(server, "/", photo("nobody-1"))
    post_photo(server, "/image-bin", photo("ana-1"), field="image")
    post_json(server, "/image-64", {"image": ""})

    exposed = samples(server)

    assert exposed["porteiro_visits_total", (("outcome", "no_face"),)] == 1
    assert exposed["porteiro_images_total", (("form", "binary"),)] == 1
    assert exposed["porteiro_images_total", (("form", "base64"),)] == 1
    assert exposed["porteiro_requests_total", (("endpoint", "door.answer"), ("status", "404"))] == 1
    assert exposed["porteiro_request_seconds_count", (("endpoint", "door.answer"),)] == 1
    assert exposed["porteiro_request_seconds_bucket", (("endpoint", "door.answer"), ("le", "+Inf"))] == 1
    assert 0 < exposed["porteiro_request_seconds_sum", (("endpoint", "door.answer"),)] < 10


def test_the_format_is_the_one_that_prometheus_reads(server: InProcessServer) -> None:
    assert server.ask("GET", "/metrics").headers["Content-Type"].startswith("text/plain; version=")


def test_doors_are_exposed_by_state_and_refused_presses_by_reason(
    server: InProcessServer, stores: Stores, photo: Photo
) -> None:
    door = add_door(server, stores)
    add_door(server, stores)
    door.beats()
    headers = door.press()
    for key in ("one", "two"):
        door.rings(photo("nobody-1"), {**headers, "Idempotency-Key": key})

    exposed = samples(server)

    states = {labels: value for (name, labels), value in exposed.items() if name == "porteiro_devices"}
    assert states == {
        (("state", "here"),): 1,
        (("state", "late"),): 0,
        (("state", "lost"),): 0,
        (("state", "never"),): 1,
    }
    assert exposed["porteiro_presses_refused_total", (("code", "replayed"),)] == 1


def test_a_purge_that_waits_is_exposed(server: InProcessServer, stores: Stores) -> None:
    before = samples(server)["porteiro_purge_held", ()]
    stores.purges.hold(PurgeDoubt(HoldReason.ALL_OLD, 1, 1, {}, 1))

    assert (before, samples(server)["porteiro_purge_held", ()]) == (0, 1)
    assert server.ask("GET", "/health/ready").status == 200


def test_without_a_database_the_counters_are_exposed_all_the_same(
    server: InProcessServer, stores: Stores
) -> None:
    with stores.database.write() as connection:
        connection.execute(sa.text("DROP TABLE devices"))
    server.ask("GET", "/health/live")  # which is nobody's but this process's, so it is not counted
    server.ask("GET", "/openapi.json")

    exposed = samples(server)

    assert exposed["porteiro_requests_total", (("endpoint", "api.document"), ("status", "200"))] == 1
    assert ("porteiro_requests_total", (("endpoint", "health.live"), ("status", "200"))) not in exposed
    assert "porteiro_devices" not in {name for name, _ in exposed}


def test_backups_are_exposed_once_one_was_tried(server: InProcessServer, house: House) -> None:
    def backups() -> dict[str, float]:
        return {name: value for (name, _), value in samples(server).items() if "backup" in name}

    assert backups() == {}
    now = house.stores.now()
    write_state(house.config.data, BackupState(tried_at=now, why="full"))
    assert backups() == {"porteiro_backup_ok": 0}
    write_state(house.config.data, BackupState(at=now - timedelta(seconds=90), tried_at=now))
    assert backups() == {"porteiro_backup_ok": 1, "porteiro_backup_age_seconds": 90}
