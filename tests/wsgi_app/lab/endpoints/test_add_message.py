"""A path's variable beside a body of JSON, in this process and under every server."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.hostile import JSON
from tests.servers import Server, post_json

ADDRESS = "/api/add_message"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("sent", [{"message": "Olá!"}, {"mytext": "lalala", "rooms": [1, {"a": None}]}, {}])
def test_what_came_is_sent_back_with_the_paths_variable(
    any_lab: Server, method: str, sent: dict[str, Any]
) -> None:
    answer = post_json(any_lab, f"{ADDRESS}/1234", sent, method)

    assert (answer.status, answer.headers["X-Lab"]) == (200, "add_message")
    assert answer.json == {**sent, "id": "1234", "uuid": "1234"}


@pytest.mark.parametrize("uuid", ["0", "7c9e6679-7425-40de-944b-e07fc1f90ae7", "Olá 안녕", "<b>"])
def test_the_variable_is_any_text(any_lab: Server, uuid: str) -> None:
    answer = post_json(any_lab, f"{ADDRESS}/{quote(uuid)}", {"id": "another", "message": "x"})

    assert answer.json == {"id": uuid, "uuid": uuid, "message": "x"}


@pytest.mark.parametrize(
    ("sent", "content_type", "status", "code"),
    [
        (b"{'message': 1}", "application/json", 400, "bad_json"),
        (b"", "application/json", 400, "bad_json"),
        (b'["x"]', "application/json", 422, "json_shape"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "application/json", 400, "bad_json"),
        (b'{"message": "' + b"x" * 70_000 + b'"}', "application/json", 413, "too_large"),
        (b"message=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"message": "x"}', "", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_object_in_json_is_refused(
    shipped_lab: Server, sent: bytes, content_type: str, status: int, code: str
) -> None:
    answer = shipped_lab.ask("POST", f"{ADDRESS}/1", sent, {"Content-Type": content_type})

    assert (answer.status, answer.error) == (status, code)


@pytest.mark.parametrize(("path", "status"), [(f"{ADDRESS}/1", 405), (ADDRESS, 404), (f"{ADDRESS}/1/2", 404)])
def test_nothing_is_kept_that_could_be_read(any_lab: Server, path: str, status: int) -> None:
    post_json(any_lab, f"{ADDRESS}/1", {"message": "x"})

    assert any_lab.ask("GET", path, headers=JSON).status == status
