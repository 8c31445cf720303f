from pathlib import Path

import pytest

from pi_client.assembly import read_token
from pi_client.errors import DoorConfigError


def test_a_token_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("front-door.s3cret\n")

    assert read_token(str(tmp_path / "token")) == "front-door.s3cret"


def test_no_file_is_no_token() -> None:
    assert read_token("") == ""


@pytest.mark.parametrize(
    "text", ["", "\n", "front-door", ".secret", "front-door.", "a b.c", "front-door.é", "a." + "b" * 300]
)
def test_what_is_no_token_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text, encoding="utf-8")

    with pytest.raises(DoorConfigError) as refused:
        read_token(str(tmp_path / "token"))
    assert "server.token_file" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DoorConfigError, match=r"server\.token_file: .*/absent cannot be read: No such file"):
        read_token(str(tmp_path / "absent"))
