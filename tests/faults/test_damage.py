"""Whatever a bad disk leaves in the database: nobody gets 500, and nobody is let in who is not known."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.servers import InProcessServer, enrolled, post_photo, served
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.errors import ConfigError
from wsgi_app.house.house import put_together
from wsgi_app.stores.stores import open_stores
from wsgi_app.vision.pipeline import Pipeline

PLACES = ("/", "/people", "/visits", "/visits?format=csv", "/unknown", "/devices", "/events", "/audit")
FURTHER = ("/calibration", "/accounts", "/metrics", "/health/ready", "/people/{ana}", "/people/{ana}/faces")
DAMAGES = 8


def opened(data: Path, pipeline: Pipeline) -> InProcessServer:
    """The house in a folder."""
    config = load_config({"PORTEIRO_DATA": str(data), "PORTEIRO_OPEN": "1"})
    return served(put_together(config, open_stores(config), pipeline, ProcessCounters()))


def test_400_bytes_anywhere(tmp_path: Path, pipeline: Pipeline, photo: Callable[[str], bytes]) -> None:
    whole = opened(tmp_path / "whole", pipeline)
    ana = enrolled(whole, "Ana", photo("ana-1"), photo("ana-2"))
    for name in ("ana-4", "nobody-1", "bruno-1"):
        post_photo(whole, "/", photo(name), {"Idempotency-Key": name})
    stores = open_stores(load_config({"PORTEIRO_DATA": str(tmp_path / "whole")}))
    stores.database.wipe()
    size = stores.database.path.stat().st_size

    for seed in range(DAMAGES):
        data, chance = tmp_path / str(seed), random.Random(seed)
        shutil.copytree(tmp_path / "whole", data)
        with (data / "porteiro.db").open("r+b") as file:
            file.seek(chance.randrange(size - 400))
            file.write(chance.randbytes(400))
        try:
            server = opened(data, pipeline)
        except ConfigError:  # which is said at the start
            continue
        statuses = {path: server.ask("GET", path.format(ana=ana)).status for path in (*PLACES, *FURTHER)}
        assert {path: status for path, status in statuses.items() if status == 500} == {}, seed
        friend, stranger = post_photo(server, "/", photo("ana-4")), post_photo(server, "/", photo("bruno-1"))
        again = post_photo(server, "/", photo("ana-4"), {"Idempotency-Key": "ana-4"})
        assert {friend.status, again.status} <= {200, 404, 503}, seed
        assert stranger.status in (404, 503), seed
