"""A page from a Jinja template: what is filled in, what is left out, and what is escaped."""

from webob import Response

from wsgi_app.lab.languages import LONGEST_NAME, in_language, language_of, name_to_show
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import query_text

TEMPLATE = "template.html"

# The words of the page, which is the same in each language.
WORDS = {
    "en": {
        "language": "English",
        "named": "Hello, %s!",
        "unnamed": "Hello, whoever you are!",
        "name": "Your name",
        "greet": "Greet me",
        "source": "The template of this page",
        "try": "Give a name with <b>markup</b> in it: it comes out as text, because Jinja escapes it.",
    },
    "pt": {
        "language": "Português",
        "named": "Olá, %s!",
        "unnamed": "Olá, seja você quem for!",
        "name": "Seu nome",
        "greet": "Cumprimentar",
        "source": "O modelo desta página",
        "try": "Escreva um nome com <b>marcação</b>: ele sai como texto, porque o Jinja o escapa.",
    },
    "ko": {
        "language": "한국어",
        "named": "안녕하세요, %s 님!",
        "unnamed": "안녕하세요, 누구신가요?",
        "name": "이름",
        "greet": "인사하기",
        "source": "이 페이지의 템플릿",
        "try": "<b>태그</b>가 든 이름을 넣어 보세요. Jinja가 이스케이프하므로 글자 그대로 나옵니다.",
    },
}


def template(call: LabCall) -> Response:
    """``GET /template?name=&lang=``: the page, with its own template beside it."""
    language = language_of(call.request, WORDS)
    response = call.page(
        TEMPLATE,
        language=language,
        languages=WORDS,
        words=WORDS[language],
        name=name_to_show(query_text(call.request, "name"), "name"),
        longest_name=LONGEST_NAME,
        source=call.services.pages.source(TEMPLATE),
    )
    return in_language(response, call.request, language)
