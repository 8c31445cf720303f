"""Addresses to listen on, and who reaches them."""

import pytest

from wsgi_app.base.addresses import asked_address, host_and_port, is_loopback, read_address


@pytest.mark.parametrize("text", ["127.0.0.1:1", "localhost:65535", "[::1]:80", "*:80", "door.example:8765"])
def test_an_address_is_a_host_and_a_port(text: str) -> None:
    assert read_address(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("::1:8765", "must have an IPv6 address in brackets"),
        ("2001:db8::1:80", "must have an IPv6 address in brackets"),
        ("[::1%lo]:80", "must have an IPv6 address in brackets"),
        ("[1:2]:80", "At least 3 parts expected"),
        ("http://127.0.0.1:8765", "without http:// or a path"),
        ("127.0.0.1:8765/", "without http:// or a path"),
        ("1.2.3:80", "Expected 4 octets"),
        ("256.0.0.1:80", "not permitted"),
        ("a b:80", "the name of a host"),
        ("a..b:80", "the name of a host"),
        ("-a:80", "the name of a host"),
        ("$(touch ran):80", "the name of a host"),
        ("%n:80", "the name of a host"),
        (f"{'a' * 254}:80", "the name of a host"),
    ],
)
def test_what_is_wrong_with_a_host_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        read_address(text)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:1", ("127.0.0.1", 1)), ("[::1]:80", ("::1", 80)), ("*:80", ("0.0.0.0", 80))],
)
def test_sockets_take_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert host_and_port(address) == parts


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("*:80", "127.0.0.1:80"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("[0:0::0]:80", "[::1]:80"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("door.example:80", "door.example:80"),
    ],
)
def test_who_listens_at_every_address_is_asked_at_one(address: str, asked: str) -> None:
    assert asked_address(address) == asked


@pytest.mark.parametrize("text", ["", "8765", ":8765", "127.0.0.1", "a:", "a:0", "a:65536", "a:http", "a:-1"])
def test_what_has_no_host_or_no_port_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be HOST:PORT, such as 127\.0\.0\.1:8765$"):
        read_address(text)


@pytest.mark.parametrize(
    "address", ["localhost", "localhost:80", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:80"]
)
def test_only_this_machine_reaches_a_loopback_address(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["", ":80", "0.0.0.0:80", "[::]:80", "192.168.1.5", "localhost.example:80", "*:80"]
)
def test_others_reach_any_other_address(address: str) -> None:
    assert not is_loopback(address)
