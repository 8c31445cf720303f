"""What can be tried: as a line to copy, by a link, by a script, and where it is there at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile import URLENCODED
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.lab import seen
from wsgi_app.lab.endpoints import echo
from wsgi_app.lab.services import open_services
from wsgi_app.lab.tries import Exhibit, Need, Try, basic

MOUNT = "http://127.0.0.1:8080/porteiro/lab"


def test_a_name_and_a_password_are_sent_as_basic_auth_has_them() -> None:
    assert basic("Aladdin", "open sesame") == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}


@pytest.mark.parametrize(
    ("each", "line"),
    [
        (Try("", "/hello"), f"curl -i {MOUNT}/hello"),
        (Try("", "/a?b=c&d=e"), f"curl -i '{MOUNT}/a?b=c&d=e'"),
        (Try("", "/a", "HEAD"), f"curl --head {MOUNT}/a"),
        (Try("", "/a", in_pieces=True), f"curl -i -N {MOUNT}/a"),
        (
            Try("", "/a", "PUT", {"X-A": "b; c"}, "it's"),
            f"""curl -i -X PUT -H 'X-A: b; c' --data-binary 'it'"'"'s' {MOUNT}/a""",
        ),
    ],
)
def test_a_line_is_one_that_a_shell_reads_as_it_is_meant(each: Try, line: str) -> None:
    assert each.curl(MOUNT) == line


@pytest.mark.parametrize(
    ("each", "is_link", "is_fetchable"),
    [
        (Try("", "/hello?a=b"), True, True),
        (Try("", "/hello", "HEAD"), False, True),
        (Try("", "/bad", "POST", body="x"), False, True),
        (Try("", "/bad", "BREW"), False, True),
        (Try("", "/a", headers={"Accept-Language": "ko", "Authorization": "Basic eA=="}), False, True),
        (Try("", "/a", headers={"X-Student": "João"}), False, False),
        (Try("", "/a", headers={"accept-encoding": "br"}), False, False),
        (Try("", "/a", headers={"Cookie": "a=b"}), False, False),
        (Try("", "/a", headers={"Sec-Fetch-Site": "none"}), False, False),
        (Try("", "/a", headers={"Upgrade": "websocket"}), False, False),
        (Try("", "/a", "TRACE"), False, False),
        (Try("", "/a", body="x"), False, False),
        (Try("", "/files/../a"), False, False),
        (Try("", "/files/%2E%2e?a"), False, False),
        (Try("", "/files/.../..a"), True, True),
    ],
)
def test_what_browsers_do_not_send_as_it_is_told_is_offered_as_a_line_alone(
    each: Try, is_link: bool, is_fetchable: bool
) -> None:
    assert (each.is_link, each.is_fetchable) == (is_link, is_fetchable)


@pytest.mark.parametrize(
    ("each", "sends"),
    [
        (Try("", "/a", "DELETE"), {}),
        (Try("", "/a", headers={"X-A": "b"}), {"headers": {"X-A": "b"}}),
        (Try("", "/a", "POST", body="b=c"), {"headers": URLENCODED, "body": "b=c"}),
        (
            Try("", "/a", "POST", {"content-type": "text/plain"}, "b"),
            {"headers": {"content-type": "text/plain"}, "body": "b"},
        ),
    ],
)
def test_a_script_is_told_what_curl_would_send(each: Try, sends: dict[str, object]) -> None:
    assert each.sends == sends


def test_what_needs_something_that_is_not_there_is_left_out_and_the_exhibit_says_so(tmp_path: Path) -> None:
    services = open_services(load_config({"PORTEIRO_DATA": str(tmp_path)}), ProcessCounters(), worker=1)
    first = Need(lambda services: services.worker == 1, "It needs the first worker.")
    second = Need(lambda services: services.worker == 2, "It needs the second worker.")
    always, with_first, with_second = Try("", "/a"), Try("", "/b", needs=first), Try("", "/c", needs=second)
    exhibit = Exhibit("", "", echo, (always, with_first, with_second))

    assert exhibit.at(services) == replace(
        exhibit, tries=(always, with_first), lacks="It needs the second worker."
    )
    assert exhibit.at(replace(services, worker=2)) == replace(
        exhibit, tries=(always, with_second), lacks="It needs the first worker."
    )


def test_an_exhibit_has_the_source_of_its_modules_one_after_the_other() -> None:
    exhibit = Exhibit("", "", echo, (), more=(seen,))

    assert exhibit.name == "echo"
    assert exhibit.files == {"wsgi_app/lab/endpoints/echo.py": echo, "wsgi_app/lab/seen.py": seen}
    assert replace(exhibit, more=(seen, echo)).file_names == ["echo.py", "seen.py"]
    assert exhibit.source == (
        f"# wsgi_app/lab/endpoints/echo.py\n{Path(echo.__file__).read_text(encoding='utf-8')}\n\n"
        f"# wsgi_app/lab/seen.py\n{Path(seen.__file__).read_text(encoding='utf-8')}"
    )


def test_the_line_of_an_exhibits_own_client_ends_with_the_labs_address() -> None:
    exhibit = Exhibit("", "", echo, (), client=("python", "-m", "a"))

    assert exhibit.line(MOUNT) == f"python -m a {MOUNT}"
    assert exhibit.line("http://$(id)") == "python -m a 'http://$(id)'"
