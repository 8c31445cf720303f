"""The front page and the sources, in this process, through nginx and uWSGI, and under other servers."""

import html
import os
import re
from pathlib import Path

import pytest

from tests.servers import InProcessServer, LiveServer, RunningUwsgi, Server, lab_of, number_of
from wsgi_app.base.config import load_config
from wsgi_app.lab.exhibits import EXHIBITS
from wsgi_app.lab.exhibits.resources import ROOMS
from wsgi_app.lab.tries import Exhibit


def answering(page: str) -> str:
    """The line that says which process made a page."""
    found = re.search(r'<p id="answering">(.*)</p>', page)
    assert found is not None
    return re.sub(r"<[^>]*>", "", found[1])


def exhibit_in(page: str, name: str) -> tuple[list[str], list[str]]:
    """What the page says an exhibit lacks, and the addresses that can be tried."""
    _, _, section = page.partition(f'id="{name}">')
    section, _, _ = section.partition("</section>")
    lacks = re.findall(r'<p class="notice amber">(.*?)</header>', section)
    return lacks, re.findall(r"<pre>curl .*?http://localhost/porteiro/lab(.*?)'?</pre>", section)


def test_the_page_has_every_exhibit_with_lines_to_copy_and_the_way_to_its_source(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/")

    page = html.unescape(answer.body.decode())
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    mounts = set(re.findall(r"<pre>curl -i (http://\S*)/hello</pre>", page))
    assert len(mounts) == 1
    (mount,) = mounts
    assert mount.endswith(any_lab.prefix)
    for exhibit in EXHIBITS:
        assert f'<section class="card exhibit" id="{exhibit.name}">' in page
        assert f'<a class="chip" href="#{exhibit.name}">{exhibit.title}</a>' in page
        files = ", ".join(exhibit.file_names)
        assert f'<a href="{any_lab.prefix}/source/{exhibit.name}">{files}</a>' in page
    assert f"<pre>python -m wsgi_app.lab.client {mount}</pre>" in page


FOLDER_TRIES = ["", "/", "/", "/?format=text", "/any/where/today.zzz", "/.env", "/..%2F..%2Fetc/passwd"]
NO_FOLDER = "No folder is shown here; the setting PORTEIRO_LAB_FILES names one."
NO_ROOMS = "This needs uWSGI, of which a process keeps the connections; another server answers here."


@pytest.mark.parametrize(
    ("settings", "worker", "files", "rooms"),
    [
        ({}, None, ([NO_FOLDER], ["/files/any/where/today.zzz"]), ([NO_ROOMS], [])),
        (
            {"PORTEIRO_LAB_FILES": "/usr"},
            1,
            ([], [f"/files{path}" for path in FOLDER_TRIES]),
            ([], ["/ws", "/ws"]),
        ),
    ],
)
def test_what_this_installation_has_not_is_named_and_not_offered(
    tmp_path: Path,
    settings: dict[str, str],
    worker: int | None,
    files: tuple[list[str], list[str]],
    rooms: tuple[list[str], list[str]],
) -> None:
    config = load_config({"PORTEIRO_DATA": str(tmp_path), **settings})
    lab = lab_of(config, worker)

    page = lab.ask("GET", "/").body.decode()

    assert exhibit_in(page, "files") == files
    assert exhibit_in(page, "ws") == rooms
    assert exhibit_in(page, "hello")[0] == []


def test_what_a_link_can_send_is_a_link_and_what_only_a_script_can_is_told_to_it(
    lab: InProcessServer,
) -> None:
    page = lab.ask("GET", "/").body.decode()

    assert '<a href="/porteiro/lab/hello">GET /hello</a>' in page
    assert (
        """<li data-sends='{"body": "anything", "headers": {"Content-Type": "application/"""
        """x-www-form-urlencoded"}}'>\n<p>the same by POST: <b>POST /bad</b><pre>"""
    ) in page
    assert page.count("data-sends='{") == sum(
        each.is_fetchable and not each.is_link and each.needs is not ROOMS
        for exhibit in EXHIBITS
        for each in exhibit.tries
    )


def test_a_lines_address_is_the_one_that_was_asked_and_no_host_leaves_its_place(tmp_path: Path) -> None:
    socket = str(tmp_path / "porteiro.sock")  # behind nginx any name will do
    settings = {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LAB": "1", "PORTEIRO_SOCKET": socket}
    lab = lab_of(load_config(settings))

    def first_line(host: str) -> str:
        page = lab.ask("GET", "/", headers={"Host": host}).body.decode()
        return str(re.findall("<pre>.*?</pre>", page)[0])

    assert first_line("house:8080") == "<pre>curl -i http://house:8080/porteiro/lab/hello</pre>"
    assert first_line('"><b>;$(id)') == (
        "<pre>curl -i 'http://\"&gt;&lt;b&gt;;$(id)/porteiro/lab/hello'</pre>"
    )


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: str(exhibit.name))
def test_the_source_is_the_one_that_runs_as_plain_text(shipped_lab: Server, exhibit: Exhibit) -> None:
    answer = shipped_lab.ask("GET", f"/source/{exhibit.name}")

    assert (answer.status, answer.body.decode()) == (200, exhibit.source)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Lab"] == "index"


@pytest.mark.parametrize("name", ["index", "services", "nothing", "wsgi_app", "__init__"])
def test_no_source_is_given_but_that_of_exhibits(any_lab: Server, name: str) -> None:
    answer = any_lab.ask("GET", f"/source/{name}")

    assert (answer.status, answer.error) == (404, "not_found")
    assert "there are hello, " in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("software", "name"),
    [({"SERVER_SOFTWARE": "WSGIServer/0.2 CPython/3.11.7"}, "WSGIServer/0.2"), ({}, "a WSGI server")],
)
def test_the_page_says_which_server_answers(
    lab: InProcessServer, software: dict[str, str], name: str
) -> None:
    lab.environ = software

    assert answering(lab.ask("GET", "/").body.decode()) == (
        f"This page came from {name}, process {os.getpid()}, mounted at /porteiro/lab, "
        "with no nginx of Porteiro's in front."
    )


def test_a_lab_at_a_servers_root_says_so_and_knows_no_house(lab: InProcessServer) -> None:
    lab.prefix = ""

    page = lab.ask("GET", "/").body.decode()

    assert "mounted at /, with" in answering(page)
    assert "To the house" not in page
    assert '<a href="/hello">GET /hello</a>' in page


@pytest.mark.parametrize(("mount", "house"), [("/porteiro/lab", "/porteiro/"), ("/lab", "/")])
def test_a_lab_beside_the_house_has_the_way_there(lab: InProcessServer, mount: str, house: str) -> None:
    lab.prefix = mount

    assert f'<a class="back" href="{house}">To the house</a>' in lab.ask("GET", "/").body.decode()


@pytest.mark.live
def test_behind_nginx_the_page_says_which_worker_answers(live_house: tuple[LiveServer, RunningUwsgi]) -> None:
    server, uwsgi = live_house

    said = answering(server.ask("GET", "/lab/").body.decode())

    found = re.fullmatch(
        r"This page came from uWSGI, worker (\d), process (\d+), mounted at /porteiro/lab, "
        r"with nginx in front\.",
        said,
    )
    assert found is not None
    number, process = int(found[1]), int(found[2])
    assert process in uwsgi.other_workers()
    assert number_of(process) == number
