"""What answers of several addresses have in them."""

import msgspec

from wsgi_app.base.errors import NotFound, Unprocessable
from wsgi_app.web.errors import ErrorBody


def test_a_refusal_says_its_word_and_its_sentence() -> None:
    bodies = [
        msgspec.to_builtins(ErrorBody.of(error, message))
        for error, message in (
            (NotFound("not_found:visit"), "There is no such visit."),
            (Unprocessable("bad_name"), "No."),
        )
    ]

    assert bodies == [
        {"error": {"code": "not_found", "message": "There is no such visit."}},
        {"error": {"code": "bad_name", "message": "No."}},
    ]
