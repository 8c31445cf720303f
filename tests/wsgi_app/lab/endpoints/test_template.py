"""A page from a template, in this process and under every server."""

import re
from html import unescape

import pytest

from tests.servers import REPOSITORY, Answer, Server


def heading(answer: Answer) -> str:
    (found,) = re.findall("<h1>(.*)</h1>", answer.body.decode())
    return str(found)


@pytest.mark.parametrize(
    ("query", "language", "greeting"),
    [
        ("lang=en", "en", "Hello, whoever you are!"),
        ("lang=en&name=Ana", "en", "Hello, Ana!"),
        ("lang=pt", "pt", "Olá, seja você quem for!"),
        ("lang=pt&name=Jo%C3%A3o", "pt", "Olá, João!"),
        ("lang=ko", "ko", "안녕하세요, 누구신가요?"),
        ("lang=ko&name=%EC%98%88%EB%82%98", "ko", "안녕하세요, 예나 님!"),
        ("lang=en&name=%25s%20%7B%7B7*7%7D%7D", "en", "Hello, %s {{7*7}}!"),
    ],
)
def test_the_page_greets_with_a_name_and_without(
    any_lab: Server, query: str, language: str, greeting: str
) -> None:
    answer = any_lab.ask("GET", f"/template?{query}")

    assert (answer.status, heading(answer)) == (200, greeting)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Language"] == language
    assert answer.headers["X-Lab"] == "template"
    assert re.findall('<html lang="(.*?)"', answer.body.decode()) == [language]


def test_markup_in_a_name_is_escaped_wherever_it_stands(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/template?lang=en&name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    page = answer.body.decode()
    assert heading(answer) == "Hello, &#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;!"
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
    assert "<script" not in page
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_page_shows_its_own_template(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/template?lang=en")

    (shown,) = re.findall("<pre.*?><code>(.*?)</code></pre>", answer.body.decode(), re.DOTALL)
    assert unescape(shown).strip() == (REPOSITORY / "templates/lab/template.html").read_text().strip()


def test_links_lead_to_the_other_languages_and_keep_the_name(any_lab: Server) -> None:
    page = any_lab.ask("GET", "/template?lang=pt&name=A%26B").body.decode()

    links = re.findall('<a class="chip" href="(.*?)" lang="(.*?)".*>(.*)</a>', page)
    assert [(unescape(address), *words) for address, *words in links] == [
        ("?lang=en&name=A%26B", "en", "English"),
        ("?lang=pt&name=A%26B", "pt", "Português"),
        ("?lang=ko&name=A%26B", "ko", "한국어"),
    ]
    assert re.findall('hreflang="(.*?)" aria-current="page"', page) == ["pt"]


def test_the_browsers_language_chooses_where_the_query_does_not(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/template?name=Ana", headers={"Accept-Language": "fr, pt-BR;q=0.5"})

    assert (heading(answer), answer.headers["Content-Language"]) == ("Olá, Ana!", "pt")
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lang=fr", "unknown_language"),
        (f"name={'x' * 101}", "bad_name"),
        ("name=a%00b", "bad_name"),
        ("name=a%0D%0Ab", "bad_name"),
        ("name=%FF", "bad_query"),
    ],
)
def test_what_the_page_cannot_show_is_refused(any_lab: Server, query: str, code: str) -> None:
    answer = any_lab.ask("GET", f"/template?{query}")

    assert (answer.status, answer.error) == (400, code)
