import pytest

from wsgi_app.base.errors import BadRequest, Unprocessable
from wsgi_app.house.events import clean_message
from wsgi_app.live.frames import read_message


def test_a_message_is_read_out_of_a_frame() -> None:
    assert read_message('{"say": "Ol\\u00e1"}') == "Olá"


@pytest.mark.parametrize("data", ["", "hello", "{", '{"say": "\\ud800"}', '{"say": "a"}x'])
def test_what_is_not_json_is_refused(data: str) -> None:
    with pytest.raises(BadRequest):
        read_message(data)


@pytest.mark.parametrize(
    "data", ["{}", "[]", '"a"', '{"say": 5}', '{"say": null}', '{"say": "a", "to": "b"}']
)
def test_json_of_another_shape_is_refused(data: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        read_message(data)
    assert refused.value.code == "json_shape"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  The plumber\n\ncomes\tat ten ", "The plumber comes at ten"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("left \u202eright", "left right"),
        ("e\u0301", "é"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("<b>&amp;", "<b>&amp;"),
    ],
)
def test_a_message_is_one_line_without_what_steers_a_screen(text: str, kept: str) -> None:
    assert clean_message(text, 500) == kept


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty_message"), (" \n\x00", "empty_message"), ("x" * 501, "long_message")]
)
def test_a_message_of_no_letters_or_too_many_is_refused(text: str, code: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        clean_message(text, 500)
    assert refused.value.code == code
