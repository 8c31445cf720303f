"""What a door's headers tell of a press."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob.headers import EnvironHeaders

from wsgi_app.base.errors import BadRequest
from wsgi_app.stores.presses import Press
from wsgi_app.web.presses import read_press

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
KEY = bytes(32)
HEADERS = {
    "Idempotency-Key": "press-1",
    "Porteiro-Boot": "boot-1",
    "Porteiro-Pressed-At": "2026-01-05T10:00:00+00:00",
    "Porteiro-Pressed-Monotonic-Ms": "1500",
    "Porteiro-Evidence": "2",
}


def press_of(**changed: str | None) -> Press:
    """What is read of the usual headers with some changed or, with ``None``, left out."""
    sent = {**HEADERS, **{name.replace("_", "-"): text for name, text in changed.items()}}
    headers = EnvironHeaders({})
    headers.update({name: text for name, text in sent.items() if text is not None}.items())
    return read_press(headers, "front-door", KEY)


@pytest.mark.parametrize("version", [None, "", "1", "02", "2 ", "\u00b2", "-3", "9" * 5000])
def test_a_device_that_does_not_understand_the_evidence_is_to_be_updated(version: str | None) -> None:
    with pytest.raises(BadRequest, match=r"^update_device header='Porteiro-Evidence' version=2$"):
        press_of(Porteiro_Evidence=version)


@pytest.mark.parametrize("version", ["3", "9999"])
def test_of_a_device_of_a_later_release_the_server_is_to_be_updated(version: str) -> None:
    with pytest.raises(BadRequest, match=r"^update_server header='Porteiro-Evidence' version=2$"):
        press_of(Porteiro_Evidence=version)


def test_a_press_is_read_out_of_its_headers() -> None:
    assert press_of() == Press("front-door", KEY, "press-1", "boot-1", 1500, NOW)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-05T10:00:00Z", NOW),
        ("2026-01-05T11:30:00.250+01:30", NOW + timedelta(milliseconds=250)),
        ("2026-01-05T07:00:00-03:00", NOW),
    ],
)
def test_a_time_has_any_zone(text: str, at: datetime) -> None:
    assert press_of(Porteiro_Pressed_At=text).at == at


@pytest.mark.parametrize("name", [name for name in HEADERS if name != "Porteiro-Evidence"])
def test_a_header_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(BadRequest, match=name) as refused:
        press_of(**{name: None})

    assert refused.value.code == "press_needed"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Porteiro-Boot", ""),
        ("Porteiro-Boot", "b" * 65),
        ("Porteiro-Boot", "two words"),
        ("Porteiro-Boot", "boot\n"),
        ("Porteiro-Boot", "caf\xe9"),
        ("Porteiro-Pressed-Monotonic-Ms", ""),
        ("Porteiro-Pressed-Monotonic-Ms", "-1"),
        ("Porteiro-Pressed-Monotonic-Ms", "1.5"),
        ("Porteiro-Pressed-Monotonic-Ms", "1e3"),
        ("Porteiro-Pressed-Monotonic-Ms", "\xb2"),
        ("Porteiro-Pressed-Monotonic-Ms", "1, 2"),
        ("Porteiro-Pressed-Monotonic-Ms", "9" * 16),
        ("Porteiro-Pressed-At", ""),
        ("Porteiro-Pressed-At", "now"),
        ("Porteiro-Pressed-At", "1767607200"),
        ("Porteiro-Pressed-At", "2026-01-05T10:00:00"),
        ("Porteiro-Pressed-At", "2026-13-05T10:00:00Z"),
        ("Porteiro-Pressed-At", "2026-01-05T10:00:00+99:00"),
        ("Porteiro-Pressed-At", "2026-01-05T10:00:00Z" + "0" * 30),
    ],
)
def test_a_header_of_another_form_is_named(name: str, text: str) -> None:
    with pytest.raises(BadRequest, match=f"header='{name}'") as refused:
        press_of(**{name: text})

    assert refused.value.code == "bad_press"


def test_an_id_of_another_form_is_refused_as_it_is_without_a_token() -> None:
    with pytest.raises(BadRequest) as refused:
        press_of(Idempotency_Key="two words")

    assert refused.value.code == "bad_idempotency_key"


@given(st.text(st.characters(codec="latin-1"), max_size=45))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in HEADERS:
        try:
            assert isinstance(press_of(**{name: text}), Press)
        except BadRequest as refused:
            assert refused.status == 400  # noqa: PT017  # a few are read


def test_a_press_does_not_show_its_key() -> None:
    assert "key" not in repr(press_of())
