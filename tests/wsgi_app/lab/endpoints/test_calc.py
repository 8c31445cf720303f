"""Sums, in this process and under every server."""

import re
from fractions import Fraction
from html import unescape
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selenium import webdriver
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.browsers import set_width, severe_lines
from tests.forms import FORM, HTML, post_form
from tests.pages import address_of, element, problems, texts
from tests.servers import Answer, InProcessServer, LiveServer, RunningUwsgi, Server, form, post_json
from wsgi_app.lab.endpoints.calc import MOST_DIGITS, OPERATORS

PATIENCE_S = 20
HUGE = "9" * 10_000
LARGEST = 10**MOST_DIGITS - 1
OPERANDS = st.integers(-LARGEST, LARGEST) | st.integers(-20, 20)

# What each operand is as text, whatever way it is sent, and the refusal that it gets.
BAD_OPERANDS = [
    ("seven", "not_a_whole_number"),
    ("1.5", "not_a_whole_number"),
    ("1e3", "not_a_whole_number"),
    ("0x1f", "not_a_whole_number"),
    ("1_000", "not_a_whole_number"),
    (" 1", "not_a_whole_number"),
    ("1\n", "not_a_whole_number"),
    ("\u0661", "not_a_whole_number"),
    ("\uff11", "not_a_whole_number"),
    ("--1", "not_a_whole_number"),
    ("-", "not_a_whole_number"),
    ("<b>", "not_a_whole_number"),
    ("1" * (MOST_DIGITS + 1), "operand_too_large"),
    ("-" + "1" * (MOST_DIGITS + 1), "operand_too_large"),
]


def post(server: Server, **fields: str) -> Answer:
    return post_form(server, "/calc", fields, Accept="application/json")


def get(server: Server, a: str, op: str, b: str, headers: dict[str, str] | None = None) -> Answer:
    return server.ask(
        "GET", f"/calc/{quote(a, safe='')}/{quote(op, safe='')}/{quote(b, safe='')}", None, headers
    )


@pytest.mark.parametrize(
    ("a", "op", "b", "result"),
    [
        ("6", "+", "7", "13"),
        ("6", "-", "7", "-1"),
        ("-6", "*", "+7", "-42"),
        ("6", "/", "2", "3"),
        ("6", "/", "4", "1.5"),
        ("0", "/", "-5", "0"),
        ("-0", "+", "007", "7"),
        ("1", "/", "3", "0.3333333333333333"),
        (str(LARGEST), "*", str(-LARGEST), "-999999999999998000000000000001"),
        (str(LARGEST), "/", str(LARGEST - 1), "1.000000000000001"),
    ],
)
def test_a_sum_has_one_result_whatever_way_it_is_sent(
    any_lab: Server, a: str, op: str, b: str, result: str
) -> None:
    as_numbers = f'{{"a": {int(a)}, "op": "{op}", "b": {int(b)}}}'.encode()
    answers = [
        get(any_lab, a, op, b),
        post(any_lab, a=a, op=op, b=b),
        post_json(any_lab, "/calc", {"a": a, "op": op, "b": b}),
        any_lab.ask("POST", "/calc", as_numbers, {"Content-Type": "application/json"}),
    ]

    expected = f'{{"a":{int(a)},"op":"{op}","b":{int(b)},"result":{result}}}'
    assert [(answer.status, answer.body.decode()) for answer in answers] == [(200, expected)] * 4
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
    assert {answer.headers["X-Lab"] for answer in answers} == {"calc"}


def test_a_sum_may_come_by_the_names_of_a_tutorials_form_and_at_its_addresses(any_lab: Server) -> None:
    named = {"input1": "6", "operator": "+", "input2": "-7"}
    parts, parts_type = form(*((name, None, text.encode()) for name, text in named.items()))
    sums = [
        post_form(any_lab, "/post", named, Accept="*/*"),
        post_form(any_lab, "/calc", named, Accept="*/*"),
        post_form(any_lab, "/post", {"a": "6", "op": "+", "b": "-7"}, Accept="*/*"),
        post_json(any_lab, "/post", named),
        post_json(any_lab, "/post", {"input1": 6, "operator": "+", "input2": -7}),
        any_lab.ask("POST", "/post", parts, parts_type),
        any_lab.ask("GET", "/6/+/-7"),
        any_lab.ask("GET", "/+6/%2B/-7"),
    ]

    assert [(answer.status, answer.json) for answer in sums] == [
        (200, {"a": 6, "op": "+", "b": -7, "result": -1})
    ] * len(sums)
    assert {answer.headers["X-Lab"] for answer in sums} == {"calc"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/6/%2F/0", 400, "division_by_zero"),
        ("/6///0", 400, "division_by_zero"),
        ("/6/%5E/7", 400, "unknown_operator"),
        ("/6/+/seven", 400, "not_a_whole_number"),
        ("/6/+/", 400, "operand_missing"),
        ("/1234567890123456/+/1", 400, "operand_too_large"),
        ("/six/+/7", 404, "not_found"),
        ("/6/+", 404, "not_found"),
        ("/6/+/7/", 404, "not_found"),
    ],
)
def test_a_path_that_begins_with_a_number_is_a_sum(
    any_lab: Server, path: str, status: int, code: str
) -> None:
    answer = any_lab.ask("GET", path)

    assert (answer.status, answer.error) == (status, code)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=OPERANDS, op=st.sampled_from(list(OPERATORS)), b=OPERANDS.filter(bool))
def test_a_result_is_exact_where_it_is_whole_and_the_nearest_double_elsewhere(
    lab: InProcessServer, a: int, op: str, b: int
) -> None:
    answer = get(lab, str(a), op, str(b))

    exact = {"+": Fraction(a + b), "-": Fraction(a - b), "*": Fraction(a * b), "/": Fraction(a, b)}[op]
    result = answer.json["result"]
    assert (result, type(result)) == ((int(exact), int) if exact.denominator == 1 else (float(exact), float))


def test_all_may_be_escaped_as_json_allows(any_lab: Server) -> None:
    body = rb'{"a": "\u0036", "op": "\/", "b": "\u002d\u0033"}'

    answer = any_lab.ask("POST", "/calc", body, {"Content-Type": "application/json"})

    assert answer.json == {"a": 6, "op": "/", "b": -3, "result": -2}


@pytest.mark.parametrize(("text", "code"), BAD_OPERANDS)
@pytest.mark.parametrize("name", ["a", "b"])
def test_a_bad_operand_is_refused_whatever_way_it_is_sent(
    shipped_lab: Server, name: str, text: str, code: str
) -> None:
    wanted = {"a": "6", "op": "/", "b": "7", name: text}

    answers = [
        get(shipped_lab, wanted["a"], wanted["op"], wanted["b"]),
        post(shipped_lab, **wanted),
        post_json(shipped_lab, "/calc", wanted),
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(400, code)] * 3
    assert all(answer.json["error"]["message"].startswith(f"{name} m") for answer in answers)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1.0", "not_a_whole_number"),
        ("1e3", "not_a_whole_number"),
        ("true", "not_a_whole_number"),
        ("null", "not_a_whole_number"),
        ("[1]", "not_a_whole_number"),
        ('{"a": 1}', "not_a_whole_number"),
        ('""', "operand_missing"),
        (r'"\"6\""', "not_a_whole_number"),
        (r'"6\n"', "not_a_whole_number"),
        (HUGE, "operand_too_large"),
        (f'"{HUGE}"', "operand_too_large"),
        (f"-{HUGE}", "operand_too_large"),
        (f"{HUGE}.5", "not_a_whole_number"),
    ],
)
def test_json_that_is_no_operand_is_refused(shipped_lab: Server, value: str, code: str) -> None:
    body = f'{{"a": {value}, "op": "+", "b": 1}}'.encode()

    answer = shipped_lab.ask("POST", "/calc", body, {"Content-Type": "application/json"})

    assert (answer.status, answer.error) == (400, code)


@pytest.mark.parametrize("sent", [{"op": "+", "b": "1"}, {"a": "", "op": "+", "b": "1"}, {}])
def test_a_missing_operand_is_named(any_lab: Server, sent: dict[str, str]) -> None:
    answers = [post(any_lab, **sent), post_json(any_lab, "/calc", sent)]

    expected = {"error": {"code": "operand_missing", "message": "a is missing; send a whole number."}}
    assert [(answer.status, answer.json) for answer in answers] == [(400, expected)] * 2


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"a=6&a=7&op=-&b=1", "a"),
        (b"a=6&op=-&op=-&b=1", "op"),
        (b"a=6&op=-&b=&b=1", "b"),
        (b"a=6&input1=6&op=-&b=1", "a"),
        (b"input1=6&operator=-&operator=*&input2=1", "op"),
    ],
)
@pytest.mark.parametrize("path", ["/calc", "/post"])
def test_what_came_more_than_once_is_named(any_lab: Server, path: str, sent: bytes, name: str) -> None:
    answer = any_lab.ask("POST", path, sent, FORM)

    expected = {"code": "given_twice", "message": f"{name} came more than once; send it once."}
    assert (answer.status, answer.json) == (400, {"error": expected})


def test_what_came_by_both_names_in_json_and_twice_in_parts_is_named(any_lab: Server) -> None:
    both = post_json(any_lab, "/post", {"a": 6, "input1": 7, "op": "+", "b": 1})
    twice = any_lab.ask("POST", "/post", *form(*((name, None, b"1") for name in ("a", "op", "b", "b"))))

    assert [(answer.status, answer.error) for answer in (both, twice)] == [(400, "given_twice")] * 2


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("/calc//+/1", "a"),
        ("/calc/7/*/", "b"),
        ("/calc//-/", "a"),
        ("/calc////2", "a"),
        ("/calc/6///", "b"),
        ("/calc//%2F/2", "a"),
        ("/calc/6/%2F/", "b"),
    ],
)
def test_an_operand_that_is_missing_in_the_path_is_named(any_lab: Server, path: str, missing: str) -> None:
    answer = any_lab.ask("GET", path)

    expected = {"code": "operand_missing", "message": f"{missing} is missing; send a whole number."}
    assert (answer.status, answer.json) == (400, {"error": expected})


@pytest.mark.parametrize("path", ["/calc/", "/calc/6", "/calc/6/+", "/calc/6//7", "/calc/6/+/7/"])
def test_a_path_of_another_shape_is_no_sum(any_lab: Server, path: str) -> None:
    answer = any_lab.ask("GET", path)

    assert (answer.status, answer.error) == (404, "not_found")


@pytest.mark.parametrize("op", ["^", "//", "**", "add", "\u00f7", "<b>"])
def test_an_unknown_operator_gets_the_list_of_those_that_are_known(any_lab: Server, op: str) -> None:
    wanted = {"a": "6", "op": op, "b": "7"}

    answers = [post(any_lab, **wanted), post_json(any_lab, "/calc", wanted)]

    expected = {"error": {"code": "unknown_operator", "message": "op must be one of +, -, *, /."}}
    assert [(answer.status, answer.json) for answer in answers] == [(400, expected)] * 2


def test_an_unknown_operator_in_the_path_is_refused(any_lab: Server) -> None:
    answer = get(any_lab, "6", "\u00f7", "7")

    assert (answer.status, answer.error) == (400, "unknown_operator")


def test_a_plus_that_a_form_made_a_space_is_explained(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/calc", b"a=6&op=+&b=7", FORM)

    expected = {
        "code": "unknown_operator",
        "message": "In a form + means a space; send %2B instead of it.",
    }
    assert (answer.status, answer.json) == (400, {"error": expected})


@pytest.mark.parametrize("zero", ["0", "-0", "+0", "000"])
def test_nothing_is_divided_by_zero(any_lab: Server, zero: str) -> None:
    wanted = {"a": "0", "op": "/", "b": zero}

    answers = [
        get(any_lab, wanted["a"], wanted["op"], wanted["b"]),
        post(any_lab, **wanted),
        post_json(any_lab, "/calc", wanted),
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(400, "division_by_zero")] * 3


def test_ten_thousand_digits_in_a_form_or_a_path_are_refused(shipped_lab: Server) -> None:
    in_form, in_path = post(shipped_lab, a="1", op="*", b=HUGE), get(shipped_lab, HUGE, "*", "1")

    assert (in_form.status, in_form.error) == (400, "operand_too_large")
    assert (in_path.status, in_path.error) == (414, "path_too_long")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"", 400, "bad_json"),
        ("application/json", b"six times seven", 400, "bad_json"),
        ("application/json", b'{"a": 007, "op": "+", "b": 1}', 400, "bad_json"),
        ("application/json", b'{"a": "\xff", "op": "+", "b": 1}', 400, "bad_json"),
        ("application/json", b'{"a": ["\xff"], "op": "+", "b": 1}', 400, "bad_json"),
        ("application/json", rb'{"a": 1, "op": "+", "b": "\u00"}', 400, "bad_json"),
        ("application/json", b'{"a":' + b"[" * 20_000, 400, "bad_json"),
        ("application/json", rb'{"a": "\ud800", "op": "+", "b": 1}', 400, "bad_json"),
        ("application/json", b"[6, 7]", 422, "json_shape"),
        ("application/json", b'{"a": 6, "op": 1, "b": 7}', 422, "json_shape"),
        ("application/json", b" " * 65_537, 413, "too_large"),
        ("application/x-www-form-urlencoded", b"6", 400, "bad_form"),
        ("application/x-www-form-urlencoded", b"a=%FF", 400, "bad_form"),
    ],
)
def test_a_body_that_is_no_sum_is_refused(
    shipped_lab: Server, content_type: str, body: bytes, status: int, code: str
) -> None:
    answer = shipped_lab.ask("POST", "/calc", body, {"Content-Type": content_type})

    assert (answer.status, answer.error) == (status, code)


def test_a_body_of_another_type_is_told_which_there_are(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/calc", b"6*7", {"Content-Type": "text/plain"})

    expected = {
        "code": "unsupported_media_type",
        "message": "Send the sum as application/json or application/x-www-form-urlencoded.",
    }
    assert (answer.status, answer.json) == (415, {"error": expected})


def test_a_program_is_told_how_to_ask_and_can_do_as_it_says(any_lab: Server) -> None:
    usage = any_lab.ask("GET", "/calc", headers={"Accept": "application/json"})

    assert (usage.status, usage.headers["X-Lab"]) == (200, "calc")
    assert usage.json == {
        "get": "/calc/6/*/7",
        "post": {"a": 6, "op": "*", "b": 7},
        "operators": ["+", "-", "*", "/"],
        "most_digits": 15,
    }
    results = [any_lab.ask("GET", usage.json["get"]), post_json(any_lab, "/calc", usage.json["post"])]
    assert [answer.json["result"] for answer in results] == [42, 42]


def test_a_browser_gets_the_form_and_its_result_in_a_page(any_lab: Server) -> None:
    empty = any_lab.ask("GET", "/calc", None, HTML)
    assert [shown(any_lab.ask("GET", path)) for path in ("/calc", "/post")] == [shown(empty)] * 2
    worked = post_form(any_lab, "/calc", {"a": "6", "op": "*", "b": "-7"})
    in_path = get(any_lab, "6", "*", "-7", HTML)

    assert [answer.status for answer in (empty, worked, in_path)] == [200, 200, 200]
    assert shown(empty) == {"a": "", "b": "", "selected": [], "result": []}
    assert shown(worked) == shown(in_path) == {"a": "6", "b": "-7", "selected": ["*"], "result": ["-42"]}
    assert worked.headers["X-Lab"] == "calc"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"a": "6", "op": "/", "b": "0"}, "division_by_zero"),
        ({"a": '"><b>', "op": "/", "b": "7"}, "not_a_whole_number"),
        ({"a": "", "op": "/", "b": "7"}, "operand_missing"),
        ({"a": "1" * 16, "op": "/", "b": "7"}, "operand_too_large"),
    ],
)
def test_an_error_stands_beside_the_form_which_is_filled_in_again(
    any_lab: Server, wanted: dict[str, str], code: str
) -> None:
    answer = post_form(any_lab, "/calc", wanted)

    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert shown(answer) == {"a": wanted["a"], "b": wanted["b"], "selected": ["/"], "result": []}
    assert re.findall(r'role="alert">.*<code>(.*)</code>', answer.body.decode()) == [code]


def test_the_format_can_be_chosen_by_the_query(any_lab: Server) -> None:
    page = any_lab.ask("GET", "/calc/6/*/7?format=html")
    for_program = any_lab.ask("GET", "/calc/6/*/7?format=json", None, HTML)
    neither = any_lab.ask("GET", "/calc/6/*/7", None, {"Accept": "image/png"})

    assert (page.status, shown(page)["result"]) == (200, ["42"])
    assert (for_program.status, for_program.json["result"]) == (200, 42)
    assert (neither.status, neither.error) == (406, "not_acceptable")


def shown(answer: Answer) -> dict[str, str | list[str]]:
    """What the form is filled in with, and the result."""
    page = answer.body.decode()
    a, b = (unescape(text) for text in re.findall(r'<input name="[ab]" value="([^"]*)"', page))
    selected = re.findall(r"<option selected>(.*)</option>", page)
    return {"a": a, "b": b, "selected": selected, "result": re.findall(r"<output>(.*)</output>", page)}


@pytest.mark.live
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_a_sum_is_worked_out_and_refused(
    browser: webdriver.Chrome, live_house: tuple[LiveServer, RunningUwsgi], width: int
) -> None:
    set_width(browser, width)
    browser.get(address_of(live_house[0], "/lab/calc"))
    empty = problems(browser, width)

    work_out(browser, "6", "+", "7")
    result, worked = texts(browser, "output"), problems(browser, width)
    work_out(browser, "6", "/", "0")
    alert = texts(browser, "[role=alert]")
    console = WebDriverWait(browser, PATIENCE_S).until(severe_lines)

    assert (result, alert) == (
        ["13"],
        ["Nothing can be divided by zero; send another b. (400, division_by_zero)"],
    )
    assert element(browser, "[name=b]").get_attribute("value") == "0"
    assert (empty, worked) == ([], [])
    assert [line.endswith("a status of 400 (Bad Request)") for line in console] == [True]


def work_out(browser: webdriver.Chrome, a: str, op: str, b: str) -> None:
    """Fill the form in and send it."""
    for name, text in (("a", a), ("b", b)):
        field = element(browser, f"[name={name}]")
        field.clear()
        field.send_keys(text)
    Select(element(browser, "select")).select_by_visible_text(op)
    button = element(browser, "form button")
    button.click()
    WebDriverWait(browser, PATIENCE_S).until(staleness_of(button))
