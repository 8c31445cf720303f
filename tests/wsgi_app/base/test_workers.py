"""The process that answers, as its WSGI server sees it."""

import platform
import signal
import threading
from collections.abc import Iterator

import pytest

from wsgi_app.base.errors import ConfigError, PorteiroError
from wsgi_app.base.sentences import Place
from wsgi_app.base.workers import CANNOT_LOAD, built, keep_freed_memory, worker_number


def mask() -> set[int]:
    """The signals that the calling thread does not take."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def said_there(error: PorteiroError, place: Place) -> str:
    """An error as it is for logs, and where it is said."""
    return f"{place}: {error}"


@pytest.fixture(autouse=True)
def _mask_as_before() -> Iterator[None]:
    before = mask()
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_what_was_built_is_given_and_the_threads_that_it_started_take_no_signal() -> None:
    masks: list[set[int]] = []

    def build() -> str:
        thread = threading.Thread(target=lambda: masks.append(mask()))
        thread.start()
        thread.join()
        return "an application"

    before = mask()

    assert built(build, said_there) == "an application"
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= masks[0]
    assert mask() == before
    assert signal.SIGTERM not in before


def test_what_cannot_be_built_ends_the_process_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    def build() -> str:
        raise ConfigError("PORTEIRO_DATA: it cannot be used.")

    with pytest.raises(SystemExit) as ended:
        built(build, said_there)

    assert ended.value.code == CANNOT_LOAD
    assert capsys.readouterr().err == "porteiro: terminal: PORTEIRO_DATA: it cannot be used.\n"


def test_a_signal_that_came_meanwhile_ends_the_process_without_a_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def build() -> str:
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        return "an application"

    with pytest.raises(SystemExit) as ended:
        built(build, said_there)

    assert ended.value.code == CANNOT_LOAD
    assert capsys.readouterr() == ("", "")


def test_only_uwsgi_numbers_its_workers() -> None:
    assert worker_number() is None


def test_glibc_keeps_freed_memory_and_other_libraries_are_left_alone() -> None:
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
