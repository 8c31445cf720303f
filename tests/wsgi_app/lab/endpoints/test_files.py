"""A folder made browsable, in this process and under every server."""

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from selenium import webdriver

from tests.browsers import set_width, severe_lines, sign_in
from tests.hostile import BESIDE, TRAVERSALS
from tests.pages import address_of
from tests.servers import LiveServer, RunningUwsgi, Server, lab_of, path_of
from wsgi_app.base.config import load_config
from wsgi_app.lab.endpoints.files import SANDBOX
from wsgi_app.lab.folder import MOST_BYTES

HTML, TEXT = {"Accept": "text/html"}, {"Accept": "text/plain"}
THIS_HOST = ("localhost", "127.0.0.1")
SECRET = "nobody else's business"


@pytest.fixture
def folder(request: pytest.FixtureRequest, shown_folder: Path) -> Path:
    """A folder of this test's own inside the shown one; beside that lies a secret."""
    (shown_folder.parent / "beside.txt").write_text(SECRET)
    folder = shown_folder / re.sub(r"\W+", "-", request.node.name)[:200]
    folder.mkdir()
    (folder / "sub").mkdir()
    (folder / "ten.txt").write_text("0123456789")
    (folder / ".env").write_text(SECRET)
    return folder


def test_the_shown_folder_is_listed(any_lab: Server, folder: Path) -> None:
    answer = any_lab.ask("GET", "/files/")

    entries = [entry for entry in answer.json["entries"] if entry["name"] == folder.name]
    assert (answer.status, answer.json["path"], answer.headers["X-Lab"]) == (200, "", "files")
    assert [(entry["kind"], entry["size"]) for entry in entries] == [("folder", None)]


def test_a_folder_is_listed_as_json(any_lab: Server, folder: Path) -> None:
    answer = any_lab.ask("GET", f"/files/{folder.name}/")

    listing = answer.json
    times = [datetime.fromisoformat(entry.pop("changed")) for entry in listing["entries"]]
    assert listing == {
        "path": f"{folder.name}/",
        "entries": [
            {"name": "sub", "kind": "folder", "size": None},
            {"name": "ten.txt", "kind": "file", "size": 10},
        ],
        "more": False,
    }
    assert times == [
        datetime.fromtimestamp(int((folder / name).stat().st_mtime), UTC) for name in ("sub", "ten.txt")
    ]


def test_a_folder_is_listed_as_text(any_lab: Server, folder: Path) -> None:
    answer = any_lab.ask("GET", f"/files/{folder.name}/", headers=TEXT)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert re.sub(r"(?m)^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} +", "", answer.body.decode()) == (
        "- sub/\n10 ten.txt\n"
    )


def test_a_listing_as_a_page_links_each_name_quoted_and_escaped(any_lab: Server, folder: Path) -> None:
    name = "<script>alert(1)<\u2028\"'&?#:안.txt"
    (folder / name.replace("/", "")).write_text("x")
    page = any_lab.ask("GET", f"/files/{folder.name}/", headers=HTML)

    text = page.body.decode()
    assert (page.status, page.headers["X-Lab"]) == (200, "files")
    assert "<script>alert" not in text
    links = re.findall(r'<th scope="row"><a href="([^"]*)">', text)
    assert sorted(links) == sorted(["sub/", "ten.txt", quote(name)])
    for link in links:
        assert any_lab.ask("GET", f"/files/{folder.name}/{link}").status == 200


def test_an_index_is_a_file_like_any_other(any_lab: Server, folder: Path) -> None:
    (folder / "index.html").write_text("index")

    answer = any_lab.ask("GET", f"/files/{folder.name}/")

    assert [entry["name"] for entry in answer.json["entries"]] == ["sub", "index.html", "ten.txt"]
    assert any_lab.ask("GET", f"/files/{folder.name}/index.html").body == b"index"


def test_an_unknown_format_of_a_listing_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/files/?format=csv")

    assert (answer.status, answer.error) == (406, "not_acceptable")


def test_a_folder_without_its_slash_is_somewhere_else(any_lab: Server, folder: Path) -> None:
    inner = folder / 'a b?c#"é'
    inner.mkdir()

    top = any_lab.ask("GET", "/files")
    sub = any_lab.ask("GET", f"/files/{folder.name}/{quote(inner.name)}")

    assert [urlsplit(answer.headers["Location"]).hostname in THIS_HOST for answer in (top, sub)] == [True] * 2
    assert (top.status, path_of(any_lab, top.headers["Location"])) == (308, "/files/")
    path = path_of(any_lab, sub.headers["Location"])
    assert (sub.status, path) == (308, f"/files/{folder.name}/{quote(inner.name)}/")
    assert any_lab.ask("GET", path).status == 200


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/", "/%2Fevil.example", "/%5Cevil.example", "///"]
)
def test_no_path_leads_to_another_host(any_lab: Server, path: str) -> None:
    for start in ("/files", "/files/sub"):
        answer = any_lab.ask("GET", start + path)
        assert (answer.status, "Location" in answer.headers) == (404, False)


def test_a_file_comes_whole_in_a_sandbox(any_lab: Server, folder: Path) -> None:
    answer = any_lab.ask("GET", f"/files/{folder.name}/ten.txt")

    assert (answer.status, answer.body) == (200, b"0123456789")
    named = {name: answer.headers[name] for name in ("Content-Type", "Content-Length", "Accept-Ranges")}
    assert named == {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "10",
        "Accept-Ranges": "bytes",
    }
    assert answer.headers["Content-Security-Policy"] == SANDBOX
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Lab"] == "files"
    assert any_lab.ask("HEAD", f"/files/{folder.name}/ten.txt").body == b""


def test_a_file_of_many_blocks_comes_whole_and_in_ranges(any_lab: Server, folder: Path) -> None:
    data = bytes(number % 251 for number in range(1_000_003))
    (folder / "large.bin").write_bytes(data)
    path = f"/files/{folder.name}/large.bin"

    whole = any_lab.ask("GET", path)
    part = any_lab.ask("GET", path, headers={"Range": "bytes=65535-900000"})

    assert (whole.status, whole.body == data) == (200, True)
    assert (part.status, part.headers["Content-Range"]) == (206, "bytes 65535-900000/1000003")
    assert part.body == data[65535:900001]


def test_a_range_out_of_bounds_is_refused_as_json(any_lab: Server, folder: Path) -> None:
    answer = any_lab.ask("GET", f"/files/{folder.name}/ten.txt", headers={"Range": "bytes=10-"})

    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */10")
    assert answer.json == {"error": {"code": "range_not_satisfiable", "message": "There are 10 bytes here."}}


@pytest.mark.parametrize("asked", [f"bytes=0-{'9' * 5000}", f"bytes={'9' * 5000}-", "bytes=0-0,2-2", "x"])
def test_a_range_that_nobody_can_mean_is_ignored(any_lab: Server, folder: Path, asked: str) -> None:
    answer = any_lab.ask("GET", f"/files/{folder.name}/ten.txt", headers={"Range": asked})

    assert (answer.status, answer.body) == (200, b"0123456789")


def test_a_client_that_has_the_file_is_not_sent_it_again(any_lab: Server, folder: Path) -> None:
    path = f"/files/{folder.name}/ten.txt"
    first = any_lab.ask("GET", path)

    for name, known in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = any_lab.ask("GET", path, headers={name: first.headers[known]})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])


def test_a_file_too_large_is_refused(any_lab: Server, folder: Path) -> None:
    with (folder / "large").open("wb") as file:
        file.truncate(MOST_BYTES + 1)

    answer = any_lab.ask("GET", f"/files/{folder.name}/large")

    assert (answer.status, answer.error) == (403, "large_file")


@pytest.mark.parametrize("name", ["a.js", "a.mjs", "A.JS"])
def test_a_script_is_only_to_be_read_so_that_no_page_of_the_house_runs_it(
    any_lab: Server, folder: Path, name: str
) -> None:
    (folder / name).write_text("alert(1)")

    answer = any_lab.ask("GET", f"/files/{folder.name}/{name}")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "statuses"), TRAVERSALS.items())
def test_nothing_outside_the_folder_and_nothing_hidden_is_sent(
    any_lab: Server, folder: Path, path: str, statuses: set[int]
) -> None:
    (folder / "out").symlink_to(folder.parent.parent)
    (folder / "passwd").symlink_to("/etc/passwd")
    assert (folder / "out" / "beside.txt").read_text() == SECRET

    answer = any_lab.ask("GET", f"/files/{folder.name}{path.replace(BESIDE, 'beside.txt')}")

    assert answer.status in statuses
    assert answer.json["error"]["message"]
    assert SECRET.encode() not in answer.body
    assert b"root:" not in answer.body


def test_a_path_that_is_too_long_is_refused(shipped_lab: Server) -> None:
    answer = shipped_lab.ask("GET", "/files/" + "x" * 5000)

    assert (answer.status, answer.error) == (414, "path_too_long")


@pytest.mark.parametrize("path", ["today.zzz", "any/where/today.zzz", ".zzz", "sub/.hidden/a%20b.zzz"])
def test_a_path_that_ends_with_zzz_is_answered_though_nothing_is_there(any_lab: Server, path: str) -> None:
    before = datetime.now().astimezone()
    answer = any_lab.ask("GET", f"/files/{path}")
    after = datetime.now().astimezone()

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["X-Lab"] == "files"
    shown = path.replace("%20", " ")
    assert answer.body.decode() in {
        f"You requested /files/{shown} on day {moment.timetuple().tm_yday} of {moment.year}\n"
        for moment in (before, after)
    }


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2026, 12, 31, 14, 59, tzinfo=UTC), "day 365 of 2026"),
        (datetime(2026, 12, 31, 15, 0, tzinfo=UTC), "day 1 of 2027"),
        (datetime(2028, 12, 30, 16, 0, tzinfo=UTC), "day 366 of 2028"),
    ],
)
def test_the_day_is_the_houses(tmp_path: Path, now: datetime, words: str) -> None:
    config = load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_TIMEZONE": "Asia/Seoul"})
    lab = lab_of(config, now=lambda: now)

    assert lab.ask("GET", "/files/a.zzz").body.decode() == f"You requested /files/a.zzz on {words}\n"


def test_a_file_that_ends_with_zzz_is_not_looked_at(any_lab: Server, folder: Path) -> None:
    (folder / "a.zzz").write_text(SECRET)

    assert any_lab.ask("GET", f"/files/{folder.name}/a.zzz").body.startswith(b"You requested /files/")


def test_without_a_folder_the_setting_that_names_one_is_told(tmp_path: Path) -> None:
    server = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path)}))

    for path in ("/files/", "/files/a.txt", "/files/../a.txt"):
        answer = server.ask("GET", path)
        assert (answer.status, answer.error) == (404, "no_folder")
        assert "PORTEIRO_LAB_FILES" in answer.json["error"]["message"]


EVIL = {
    "evil.html": (
        "<title>quiet</title><p>here</p><script>SCRIPT</script><img src=x onerror='SCRIPT'>"
        "<iframe srcdoc='<script>parent.document.title=1</script>'></iframe>"
    ),
    "evil.svg": (
        '<svg xmlns="http://www.w3.org/2000/svg"><title>quiet</title><text y="20">here</text>'
        "<script>SCRIPT</script></svg>"
    ),
    "evil.xhtml": (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>quiet</title></head>'
        "<body><p>here</p><script>SCRIPT</script></body></html>"
    ),
    "evil.xml": (
        '<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>quiet</h:title></h:head>'
        "<h:body><h:p>here</h:p><h:script>SCRIPT</h:script></h:body></h:html>"
    ),
}
SCRIPT = 'document.title = "loud"; fetch("/porteiro/people").then(r => r.text()).then(t => console.error(t))'


@pytest.fixture(params=EVIL)
def evil(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A file with a script that reads what only who is signed in may read."""
    name: str = request.param
    text, file = EVIL[name], folder / name
    file.write_text(text.replace("SCRIPT", SCRIPT.replace(">", "&gt;") if "xmlns" in text else SCRIPT))
    return file


@pytest.mark.live
def test_nothing_in_the_folder_runs_with_the_houses_rights(
    browser: webdriver.Chrome,
    live_house: tuple[LiveServer, RunningUwsgi],
    live_lab: LiveServer,
    evil: Path,
) -> None:
    sign_in(browser, live_house[0])
    severe_lines(browser)

    browser.get(address_of(live_lab, f"/files/{evil.parent.name}/{evil.name}"))

    assert browser.title == "quiet"
    assert any(
        "sandboxed and the 'allow-scripts' permission is not set" in line for line in severe_lines(browser)
    )


PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
OWN_PAGE = """<!doctype html><title>quiet</title><link rel="stylesheet" href="styles/own.css"><p>here</p>
<img src="a.png"><img src="b.svg"><script src="own.js"></script>"""
LOADED = """
const [done] = arguments;
Promise.all([...document.images].map(image => image.decode().then(() => image.naturalWidth, () => 0)))
    .then(widths => done([widths, getComputedStyle(document.querySelector("p")).color, document.title]));
"""


@pytest.mark.live
def test_a_page_loads_the_pictures_and_styles_that_lie_beside_it_and_no_script(
    browser: webdriver.Chrome,
    live_house: tuple[LiveServer, RunningUwsgi],
    live_lab: LiveServer,
    folder: Path,
) -> None:
    (folder / "styles").mkdir()
    (folder / "styles" / "own.css").write_text("p { color: rgb(1, 2, 3) }")
    (folder / "a.png").write_bytes(PIXEL)
    (folder / "b.svg").write_text(EVIL["evil.svg"].replace("<svg ", '<svg width="7" height="7" ', 1))
    (folder / "own.js").write_text(SCRIPT)
    (folder / "index.html").write_text(OWN_PAGE)
    sign_in(browser, live_house[0])
    severe_lines(browser)

    browser.get(address_of(live_lab, f"/files/{folder.name}/index.html"))
    widths, colour, title = browser.execute_async_script(LOADED)

    assert (widths, colour, title) == ([1, 7], "rgb(1, 2, 3)", "quiet")
    assert all("'allow-scripts' permission is not set" in line for line in severe_lines(browser))


@pytest.mark.live
def test_without_the_sandbox_the_same_files_do_run(browser: webdriver.Chrome, evil: Path) -> None:
    browser.get(evil.as_uri())

    assert browser.title in ("loud", "1")  # the frame's script may have the last word
    severe_lines(browser)  # nobody else's


@pytest.mark.live
@pytest.mark.parametrize("width", [360, 1280])
def test_a_listing_fits_a_phone_and_a_desk_and_leads_on(
    browser: webdriver.Chrome, live_lab: LiveServer, folder: Path, width: int
) -> None:
    (folder / ("long " * 20 + "x" * 120)).touch()
    set_width(browser, width)
    browser.get(address_of(live_lab, f"/files/{folder.name}/"))

    fits: Callable[[str], bool] = browser.execute_script
    assert fits("return document.documentElement.scrollWidth <= innerWidth")
    browser.find_element("link text", "sub/").click()
    assert browser.current_url.endswith(f"/files/{folder.name}/sub/")
    browser.find_element("link text", "The folder above").click()
    assert browser.current_url.endswith(f"/files/{folder.name}/")
    assert severe_lines(browser) == []
