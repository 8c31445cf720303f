"""Whom the door believes: nothing of the environment, and no certificate but a good one: points 11 and 12."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from pi_client.errors import DoorConfigError
from pi_client.faults import Fault
from pi_client.press import PressResult
from pi_client.uploader import HttpServer
from tests.pi_client.asking import (
    BOOT,
    CLOCK,
    KNOWN,
    PHOTO,
    SETTINGS,
    TOKEN,
    Sleeps,
    asking,
    plain,
    press_now,
)
from tests.pi_client.certificates import Certificates, make_certificates
from tests.pi_client.hostile_server import HostileServer, always

# 11: nothing of the environment counts.


def test_point_11_netrc_proxies_and_bundles_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with HostileServer((always(502),)) as proxy, HostileServer((KNOWN,)) as hostile:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{proxy.port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with asking(hostile.url) as server, asking(hostile.url, token="") as without_token:
            granted = server.ask(press_now(), (PHOTO,))
            without_token.ask(press_now(), (PHOTO,))

    assert granted.result is PressResult.GRANTED
    assert proxy.requests == []
    assert [request.headers.get("authorization") for request in hostile.requests] == [f"Bearer {TOKEN}", None]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("trusts", ["nobody", "the server"])
def test_point_11_bundles_of_the_environment_neither_add_trust_nor_take_it(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, variable: str, trusts: str
) -> None:
    stranger = str(certificates.folder / "stranger.crt")
    expected = {"nobody": PressResult.GRANTED, "the server": PressResult.FAILED}[trusts]
    monkeypatch.setenv(variable, stranger if trusts == "nobody" else certificates.ca_file)
    ca_file = certificates.ca_file if trusts == "nobody" else ""
    with (
        HostileServer((KNOWN,), certificates.context("good")) as hostile,
        asking(hostile.url, ca_file=ca_file) as server,
    ):
        answer = server.ask(press_now(), (PHOTO,))

    assert answer.result is expected


# 12: certificates.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: sudo apt install openssl")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def test_point_12_a_server_of_the_own_authority_is_trusted(certificates: Certificates) -> None:
    with (
        HostileServer((KNOWN,), certificates.context("good")) as hostile,
        asking(hostile.url, ca_file=certificates.ca_file) as server,
    ):
        answers = [server.ask(press_now(), (PHOTO,)) for _ in range(2)]

    assert [answer.result for answer in answers] == [PressResult.GRANTED] * 2
    assert hostile.connections == 1


REFUSED_CERTIFICATES = {
    "of a stranger": (Fault.UNTRUSTED, "unable to get local issuer certificate"),
    "wrong host": (Fault.UNTRUSTED, "IP address mismatch, certificate is not valid for '127.0.0.1'."),
    "expired": (Fault.UNTRUSTED, "certificate has expired"),
    "not yet valid": (Fault.CLOCK, "certificate is not yet valid"),
}


@pytest.mark.parametrize("leaf", REFUSED_CERTIFICATES)
def test_point_12_no_photo_goes_to_a_server_whose_certificate_is_not_good(
    certificates: Certificates, leaf: str
) -> None:
    fault, reason = REFUSED_CERTIFICATES[leaf]
    press, sleep = press_now(), Sleeps()
    with (
        HostileServer((KNOWN,), certificates.context(leaf)) as hostile,
        asking(hostile.url, ca_file=certificates.ca_file, sleep=sleep) as server,
    ):
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, fault)
    assert answer.detail == f"certificate refused: {reason}"
    assert (hostile.requests, sleep) == ([], [])


def test_point_12_an_authority_of_ones_own_is_trusted_only_where_it_is_set(
    certificates: Certificates,
) -> None:
    with HostileServer((KNOWN,), certificates.context("good")) as hostile, asking(hostile.url) as server:
        answer = server.ask(press_now(), (PHOTO,))

    assert answer.fault is Fault.UNTRUSTED
    assert hostile.requests == []


def test_point_12_a_server_that_speaks_no_tls_is_not_trusted() -> None:
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url.replace("http", "https")) as server:
        press = press_now()
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.UNTRUSTED)
    assert hostile.requests == []


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_point_12_a_file_without_certificates_is_a_mistake_in_the_settings(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_text(content)

    with pytest.raises(
        DoorConfigError, match=r"^server\.ca_file: .*ca\.crt has no certificates that can be read"
    ):
        HttpServer(dataclasses.replace(SETTINGS, ca_file=str(file)), TOKEN, BOOT, CLOCK)
