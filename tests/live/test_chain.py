"""The shipped nginx.conf and uwsgi.ini at work: several processes, any prefix, nothing lost."""

import collections
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.conftest import without_request_limit
from tests.doors import Door, add_door
from tests.houses import without_settings
from tests.servers import (
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    Server,
    enrolled,
    form,
    nginx,
    path_of,
    post_photo,
    running_house,
    uwsgi,
)
from wsgi_app.lab.folder import MOST_BYTES
from wsgi_app.stores.stores import Stores

pytestmark = pytest.mark.live

Photo = Callable[[str], bytes]
Chain = tuple[LiveServer, RunningUwsgi]


def metric(server: Server, name: str) -> int:
    """The value of one sample of /metrics, 0 where it is not there."""
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    return next((int(float(line.split()[-1])) for line in lines if line.startswith(name + " ")), 0)


def log_lines(running: RunningUwsgi, **wanted: str) -> list[dict[str, str]]:
    """The request lines in the log file that have these values."""
    text = Path(running.environ["PORTEIRO_DATA"], "log", "porteiro.log").read_text()
    lines = [
        dict(pair.split("=", 1) for pair in line.split() if "=" in pair)
        for line in text.splitlines()
        if "event=request" in line
    ]
    return [line for line in lines if wanted.items() <= line.items()]


def test_every_worker_sees_a_change_at_once_and_counts_into_the_same_counters(
    live_house: Chain, photo: Photo
) -> None:
    server, running = live_house
    fatima = enrolled(server, "Fatima", photo("fatima-1"), photo("fatima-2"))
    before = metric(server, 'porteiro_visits_total{outcome="known"}')

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post_photo(server, "/", photo("fatima-3")), range(40)))

    assert {answer.json["person"]["id"] for answer in answers} == {fatima}
    assert metric(server, 'porteiro_visits_total{outcome="known"}') == before + 40
    assert len(running.workers()) == 3


def test_a_photo_posted_with_requests_as_the_tutorials_do(live_house: Chain, photo: Photo) -> None:
    server, _ = live_house
    enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    folder = Path(__file__).parent.parent / "photos"
    url = f"http://127.0.0.1:{server.port}{server.prefix}/"

    with (folder / "ana-4.jpg").open("rb") as known, (folder / "bruno-1.jpg").open("rb") as unknown:
        let_in = requests.post(url, files={"file": known}, timeout=30)
        sent_away = requests.post(url, files={"file": unknown}, timeout=30)

    assert (let_in.status_code, let_in.json()["person"]["name"]) == (200, "Ana")
    assert (sent_away.status_code, sent_away.json()["outcome"]) == (404, "unknown")


def test_the_request_id_of_nginx_is_the_applications(tmp_path: Path, pack_folder: Path) -> None:
    with running_house(tmp_path, {"PORTEIRO_PACK": str(pack_folder)}) as (server, running):
        request_id = server.ask("GET", "/health/ready").headers["X-Request-Id"]

    passed_on = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    (line,) = log_lines(running, request_id=request_id)
    assert [(entry["request_id"], entry["uri"], entry["status"]) for entry in passed_on] == [
        (request_id, "/porteiro/health/ready", 200)
    ]
    assert (line["method"], line["path"], line["status"], line["endpoint"]) == (
        "GET",
        "/health/ready",
        "200",
        "health.ready",
    )
    assert {"ms", "decode_ms", "detect_ms", "align_ms", "embed_ms"} <= set(line)


def test_paths_outside_the_mount_are_404(live_house: Chain) -> None:
    server, _ = live_house
    outside = LiveServer(server.port, "")

    assert [outside.ask("GET", path).status for path in ("/", "/visits", "/porteiros/", "/elsewhere")] == [
        404
    ] * 4


def test_the_mount_without_its_slash_leads_to_it(live_house: Chain) -> None:
    server, _ = live_house

    answer = server.ask("GET", "")

    assert (answer.status, answer.headers["Location"].removeprefix(f"http://127.0.0.1:{server.port}")) == (
        308,
        "/porteiro/",
    )


def test_static_files_are_served(live_house: Chain) -> None:
    server, _ = live_house

    answer = server.ask("GET", "/static/porteiro.css")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/css")


def test_retries_of_one_press_at_the_same_moment_are_one_visit(live_house: Chain, photo: Photo) -> None:
    server, _ = live_house

    def press(_: int) -> tuple[int, bytes]:
        answer = post_photo(server, "/", photo("nobody-2"), {"Idempotency-Key": "one-press"})
        return answer.status, answer.body

    before = len(server.ask("GET", "/visits").json["visits"])
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(press, range(16)))

    assert len(answers) == 1
    listed = [visit["id"] for visit in server.ask("GET", "/visits").json["visits"]]
    assert listed.count(json.loads(answers.pop()[1])["visit"]) == 1
    assert len(listed) == min(before + 1, 100)


def test_of_presses_of_one_moment_at_the_same_moment_one_is_a_visit(
    live_house: Chain, live_stores: Stores, photo: Photo
) -> None:
    server, _ = live_house
    door = add_door(server, live_stores)
    headers = door.press()

    def press(number: int) -> int:
        return door.rings(photo("nobody-2"), {**headers, "Idempotency-Key": f"press-{number}"}).status

    with ThreadPoolExecutor(8) as pool:
        statuses = collections.Counter(pool.map(press, range(16)))

    assert statuses == {404: 1, 409: 15}
    visits = server.ask("GET", "/visits").json["visits"]
    assert [visit["device"] for visit in visits].count(f"device:{door.name}") == 1


def test_behind_nginx_a_door_needs_the_token_that_the_command_makes(
    tmp_path: Path, pack_folder: Path, photo: Photo
) -> None:
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_ANONYMOUS_DOORS": "0"}
    with running_house(tmp_path, settings) as (server, running):
        without = post_photo(server, "/", photo("nobody-1"))
        made = subprocess.run(
            [Path(sys.executable).with_name("porteiro"), "token", "add", "front-door"],
            env=running.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        door = Door(server, "front-door", made.stdout.removesuffix("\n"), lambda: datetime.now(UTC))
        answer, heard = door.rings(photo("nobody-1")), door.beats()

    assert (without.status, without.error) == (401, "token_needed")
    assert (answer.status, answer.json["evidence"] is None, heard.status) == (404, False, 204)
    log = Path(running.environ["PORTEIRO_DATA"], "log", "porteiro.log").read_text()
    assert "endpoint=devices.hear" in log
    assert door.token.partition(".")[2] not in log + "".join(running.output.lines)


@pytest.fixture
def own_house(tmp_path: Path, pack_folder: Path) -> Iterator[Chain]:
    """A house of this test's own."""
    settings = {"PORTEIRO_PACK": str(pack_folder)}
    with running_house(tmp_path, settings, edit=without_request_limit) as chain:
        yield chain


def test_killing_a_worker_among_200_photos_loses_no_answered_visit(own_house: Chain, photo: Photo) -> None:
    server, running = own_house
    victim = running.workers()[0]
    answered: list[str] = []

    def send(number: int) -> int:
        if number == 60:
            os.kill(victim, signal.SIGKILL)
        answer = post_photo(server, "/", photo("nobody-1"))
        if answer.status == 404:
            answered.append(answer.json["visit"])
        return answer.status

    with ThreadPoolExecutor(4) as pool:
        statuses = collections.Counter(pool.map(send, range(200)))

    assert set(statuses) <= {404, 502, 503}
    assert statuses[404] >= 190
    stored = set()
    path = "/visits"
    while path:
        page = server.ask("GET", path)
        stored |= {visit["id"] for visit in page.json["visits"]}
        link = page.headers.get("Link", "")
        path = path_of(server, link[1 : link.index(">")]) if link else ""
    assert set(answered) <= stored
    photos = Path(running.environ["PORTEIRO_DATA"], "photos", "visits").rglob("*.jpg")
    kept = {path.stem: path.read_bytes() for path in photos}
    assert {visit: kept[visit] == photo("nobody-1") for visit in answered} == dict.fromkeys(answered, True)
    assert victim not in running.workers()
    assert server.ask("GET", "/health/ready").status == 200


def test_counters_and_visits_outlive_a_restart(tmp_path: Path, pack_folder: Path, photo: Photo) -> None:
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), **ports.settings}
    server = LiveServer(ports.http)

    with uwsgi(tmp_path, settings):
        visit = post_photo(server, "/", photo("nobody-1")).json["visit"]
    with uwsgi(tmp_path, settings):
        assert server.ask("GET", f"/visits/{visit}/photo").body == photo("nobody-1")
        assert metric(server, 'porteiro_visits_total{outcome="no_face"}') == 1


@pytest.mark.parametrize("prefix", ["/", "/house/front-door"])
def test_any_prefix_serves_the_same(tmp_path: Path, pack_folder: Path, photo: Photo, prefix: str) -> None:
    with running_house(tmp_path, {"PORTEIRO_PACK": str(pack_folder)}, prefix) as (server, _):
        answer = post_photo(server, "/", photo("nobody-1"))
        visit = server.ask("GET", f"/visits/{answer.json['visit']}").json
        page = server.ask("GET", "/").body.decode()
        style = server.ask("GET", "/static/porteiro.css")

        assert (answer.status, answer.json["outcome"]) == (404, "no_face")
        root = f"http://127.0.0.1:{server.port}{server.prefix}"
        assert visit["links"]["self"] == f"{root}/visits/{visit['id']}"
        assert f'href="{server.prefix}/static/porteiro.css"' in page
        assert style.status == 200


def test_the_tutorials_client_works_unchanged_at_the_root(
    tmp_path: Path, pack_folder: Path, photo: Photo
) -> None:
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PREFIX": "/", **ports.settings}
    with uwsgi(tmp_path, settings):
        enrolled(LiveServer(ports.http, ""), "Ana", photo("ana-1"), photo("ana-2"))
        url = f"http://localhost:{ports.http}"
        with (Path(__file__).parent.parent / "photos" / "ana-4.jpg").open("rb") as taken:
            answer = requests.post(url, files={"file": taken}, timeout=30)

    assert (answer.status_code, answer.json()["person"]["name"]) == (200, "Ana")


def test_a_large_photo_with_expect_is_not_kept_waiting_by_the_local_run(
    tmp_path: Path, pack_folder: Path
) -> None:
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), **ports.settings}
    body, headers = form(("file", "photo.jpg", bytes(3_000_000)))
    with uwsgi(tmp_path, settings):
        answer = LiveServer(ports.http).ask("POST", "/", body, {**headers, "Expect": "100-continue"})

    assert (answer.status, answer.error) == (415, "not_a_jpeg")


def test_slow_readers_of_a_file_keep_no_worker_of_the_local_run(tmp_path: Path, pack_folder: Path) -> None:
    ports, shown = LocalPorts(), tmp_path / "shown"
    shown.mkdir()
    with (shown / "large").open("wb") as file:
        file.truncate(MOST_BYTES)
    settings = {
        "PORTEIRO_PACK": str(pack_folder),
        "PORTEIRO_PROCESSES": "1",
        "PORTEIRO_LAB_FILES": str(shown),
        **ports.settings,
    }
    with uwsgi(tmp_path / "data", settings), ExitStack() as readers:
        for _ in range(3):
            reader = readers.enter_context(closing(socket.socket()))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", ports.http))
            reader.sendall(b"GET /porteiro/lab/files/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert reader.recv(15) == b"HTTP/1.1 200 OK"

        url = f"http://localhost:{ports.http}/porteiro"
        alive = requests.get(f"{url}/health/live", timeout=10)  # a worker would wait 15 s for each of them
        whole = requests.get(f"{url}/lab/files/large", timeout=10)

    assert (alive.status_code, whole.content) == (200, bytes(MOST_BYTES))


def test_only_the_main_thread_of_a_worker_takes_signals(live_house: Chain, photo: Photo) -> None:
    server, running = live_house
    for _ in range(4):  # a visit starts the thread that waits for the disk
        assert "visit" in post_photo(server, "/", photo("ana-1")).json

    for worker in running.workers():
        blocked = {int(thread.name): blocked_in(thread / "status") for thread in tasks_of(worker)}
        assert len(blocked) > 1
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            takers = [thread for thread, mask in blocked.items() if not mask >> (number - 1) & 1]
            assert takers == [worker]


def blocked_in(status: Path) -> int:
    """The signals that a thread does not take, as the system tells: a bit for each, from 1."""
    (found,) = re.findall(r"SigBlk:\s*([0-9a-f]+)", status.read_text())
    return int(found, 16)


def tasks_of(process: int) -> list[Path]:
    """The folders of its threads."""
    return list(Path(f"/proc/{process}/task").iterdir())


def test_with_a_pack_that_is_not_whole_the_server_says_what_to_do_and_ends(tmp_path: Path) -> None:
    ended = subprocess.run(
        [Path(sys.executable).with_name("uwsgi"), "--ini", "uwsgi.ini"],
        cwd=Path(__file__).parents[2],
        env={
            **without_settings(os.environ),
            "PORTEIRO_DATA": str(tmp_path),
            **LocalPorts().settings,
            "PORTEIRO_PACK": "zoo",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "porteiro models fetch zoo" in output
    assert "Traceback" not in output


def test_nginx_says_503_in_json_while_uwsgi_is_down(tmp_path: Path) -> None:
    with nginx(tmp_path) as port:
        answer = LiveServer(port).ask("GET", "/")

    assert (answer.status, answer.error, answer.headers["Retry-After"]) == (503, "unavailable", "2")


def test_nginx_logs_what_was_asked_and_of_which_door_and_no_secret(tmp_path: Path) -> None:
    signed = 'Porteiro device="garden", at="2026-11-29T00:00:00Z", signature="5ec4e7"'
    with nginx(tmp_path) as port:
        server = LiveServer(port, headers={})
        server.ask("POST", "/", b"", {"Authorization": signed})
        server.ask("GET", "/welcome?token=5ec4e7", headers={"Authorization": "Bearer 5ec4e7"})

    text = (tmp_path / "access.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["uri"], line["door"], line["status"]) for line in lines if line["bytes"]] == [
        ("/porteiro/", "garden", 503),
        ("/porteiro/welcome", "", 503),
    ]
    assert "5ec4e7" not in text


def test_nginx_says_429_in_json_when_asked_too_fast(tmp_path: Path) -> None:
    with nginx(tmp_path) as port, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: LiveServer(port).ask("GET", "/"), range(400)))

    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert {answer.error for answer in refused} == {"too_many"}
