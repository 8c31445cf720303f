"""The two counters, in this process and under every server."""

import os
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from tests.browsers import set_width
from tests.forms import HTML, post_form
from tests.pages import address_of, element, problems, texts
from tests.servers import Answer, InProcessServer, LiveServer, RunningUwsgi, Server
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.lab.app import build_lab

CALLS, CALLERS = 200, 16
FEW_CALLS, FEW_CALLERS = 40, 4  # as many as a server of one thread lets wait
PATIENCE_S = 20


def count(server: Server, where: str = "server", method: str = "POST") -> dict[str, Any]:
    answer = server.ask(method, f"/increase?where={where}")
    assert answer.status == 200
    counted: dict[str, Any] = answer.json
    return counted


def count_at_once(
    server: Server, where: str, calls: int = CALLS, callers: int = CALLERS
) -> list[dict[str, Any]]:
    """What so many calls at once are answered."""
    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(lambda _: count(server, where), range(calls)))


class CrowdedCounters(ProcessCounters):
    """Counters that somebody else counts up too, right before each step of a request."""

    def add(self, name: str, amount: int = 1) -> None:
        super().add(name)
        super().add(name, amount)

    def value(self, name: str) -> int:
        super().add(name)
        return super().value(name)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("query", ["", "?where=server"])
def test_each_request_counts_one_more_for_the_server(any_lab: Server, method: str, query: str) -> None:
    before = count(any_lab)["count"]

    answers = [any_lab.ask(method, f"/increase{query}") for _ in range(3)]

    assert [answer.json["count"] for answer in answers] == [before + 1, before + 2, before + 3]
    assert {answer.headers["X-Lab"] for answer in answers} == {"increase"}
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_in_one_process_both_counters_say_that_nothing_is_shared(lab: InProcessServer) -> None:
    first = count(lab, "process")["count"]

    expected = {"process": os.getpid(), "worker": None, "shared": False}
    assert count(lab) == {"where": "server", "count": 1, **expected}
    assert count(lab, "process") == {"where": "process", "count": first + 1, **expected}
    assert count(lab) == {"where": "server", "count": 2, **expected}


def test_what_others_count_in_between_is_counted(tmp_path: Path) -> None:
    counters = CrowdedCounters()
    config = load_config({"PORTEIRO_DATA": str(tmp_path)})
    lab = InProcessServer(build_lab(config, counters, worker=None))

    told = [count(lab)["count"] for _ in range(3)]

    assert told == [3, 6, 9]
    assert counters.read()["increase"] == 9


def test_requests_at_once_are_each_told_a_count_with_their_own_and_none_beyond_the_last(
    any_lab: Server,
) -> None:
    first = count(any_lab)["count"]

    told = sorted(answer["count"] for answer in count_at_once(any_lab, "server", FEW_CALLS, FEW_CALLERS))

    last = count(any_lab)["count"]
    assert (told[-1], last) == (first + FEW_CALLS, first + FEW_CALLS + 1)
    assert [count - first >= place for place, count in enumerate(told, 1)] == [True] * FEW_CALLS


@pytest.mark.live
def test_200_requests_at_once_end_at_exactly_200_more(
    live_lab: LiveServer, live_house: tuple[LiveServer, RunningUwsgi]
) -> None:
    first = count(live_lab)

    answers = count_at_once(live_lab, "server")

    last = count(live_lab)
    assert last["count"] == first["count"] + CALLS + 1
    assert max(answer["count"] for answer in answers) == first["count"] + CALLS
    assert {(answer["where"], answer["shared"]) for answer in answers} == {("server", True)}
    workers = {answer["process"]: answer["worker"] for answer in answers}
    assert set(workers) == set(live_house[1].other_workers())
    assert sorted(workers.values()) == [2, 3]


@pytest.mark.live
def test_the_variable_of_each_process_counts_only_what_that_one_answered(
    live_lab: LiveServer, live_house: tuple[LiveServer, RunningUwsgi]
) -> None:
    answers = count_at_once(live_lab, "process")

    counts = defaultdict(list)
    for answer in answers:
        counts[answer["process"]].append(answer["count"])
    assert set(counts) == set(live_house[1].other_workers())
    for own in counts.values():
        assert sorted(own) == list(range(min(own), min(own) + len(own)))
    assert sum(max(own) - min(own) + 1 for own in counts.values()) == CALLS
    assert {(answer["where"], answer["shared"]) for answer in answers} == {("process", False)}


def test_a_browser_gets_both_counters_on_one_page_and_a_button_for_both(any_lab: Server) -> None:
    before = count(any_lab)["count"]

    pages = [any_lab.ask("GET", "/increase", None, HTML), post_form(any_lab, "/increase", {})]

    assert [page.status for page in pages] == [200, 200]
    assert [shown(page)["server"] for page in pages] == [before + 1, before + 2]
    assert all(shown(page)["process"] >= 1 for page in pages)
    form = f'<form class="toolbar" method="post" action="{any_lab.prefix}/increase">'
    assert [page.body.decode().count(form) for page in pages] == [1, 1]


def test_the_page_in_one_process_shows_that_both_counters_go_on_alike(lab: InProcessServer) -> None:
    first, second = (shown(post_form(lab, "/increase", {})) for _ in range(2))

    assert second == {name: number + 1 for name, number in first.items()}
    page = lab.ask("GET", "/increase", None, HTML).body.decode()
    assert re.findall(r"<strong data-process>(\d+)</strong>(.*)\.", page) == [(str(os.getpid()), "")]
    assert "This server has no memory that its processes share" in page


@pytest.mark.live
def test_the_page_names_the_worker_that_answered(
    live_lab: LiveServer, live_house: tuple[LiveServer, RunningUwsgi]
) -> None:
    page = live_lab.ask("GET", "/increase", None, HTML).body.decode()

    (process, worker), *others = re.findall(r"<strong data-process>(\d+)</strong>, worker (\d)\.", page)
    assert (int(process) in live_house[1].other_workers(), worker in "23", others) == (True, True, [])
    assert "In uWSGI's cache" in page


@pytest.mark.parametrize("where", ["nowhere", "Server", "%00", "process%20"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_place_to_count_is_refused_and_nothing_is_counted(
    shipped_lab: Server, method: str, where: str
) -> None:
    before = count(shipped_lab)["count"]

    answer = shipped_lab.ask(method, f"/increase?where={where}")

    expected = {"code": "unknown_place", "message": "where must be one of server and process."}
    assert (answer.status, answer.json) == (400, {"error": expected})
    assert count(shipped_lab)["count"] == before + 1


def test_a_page_of_another_site_cannot_count_by_post(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/increase", None, {"Sec-Fetch-Site": "cross-site"})

    assert (answer.status, answer.error) == (403, "other_site")


def shown(page: Answer) -> dict[str, int]:
    """The counters of a page."""
    found = re.findall(r'data-count="(\w+)">(\d+)<', page.body.decode())
    return {name: int(number) for name, number in found}


@pytest.mark.live
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_many_requests_at_once_show_which_process_answered_how_many(
    browser: webdriver.Chrome, live_lab: LiveServer, width: int
) -> None:
    set_width(browser, width)
    browser.get(address_of(live_lab, "/increase"))
    first = int(element(browser, "[data-count=server]").text)

    element(browser, "#at-once button").click()
    wait = WebDriverWait(browser, PATIENCE_S)
    wait.until(lambda _: texts(browser, "[data-total]") != [""])

    assert texts(browser, "[data-total]") == [f"The counter for the whole server is now at {first + 20}."]
    assert sum(map(int, texts(browser, "tbody td:nth-child(2)"))) == 40
    assert {text.partition(" (worker ")[2] for text in texts(browser, "tbody td:first-child")} <= {"2)", "3)"}
    assert problems(browser, width) == []


@pytest.mark.live
def test_in_a_browser_the_button_counts_both_up(browser: webdriver.Chrome, live_lab: LiveServer) -> None:
    browser.get(address_of(live_lab, "/increase"))
    first = int(element(browser, "[data-count=server]").text)

    button = element(browser, "form button")
    button.click()
    WebDriverWait(browser, PATIENCE_S).until(staleness_of(button))

    assert texts(browser, "[data-count=server]") == [str(first + 1)]
