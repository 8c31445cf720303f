"""The process that answers, as its WSGI server sees it."""

import signal
import threading

import pytest

from wsgi_app.errors import ConfigError
from wsgi_app.workers import CANNOT_LOAD, built, worker_number


def mask() -> set[int]:
    """The signals that the calling thread does not take."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def test_what_was_built_is_given_and_the_threads_that_it_started_take_no_signal() -> None:
    masks: list[set[int]] = []

    def build() -> str:
        thread = threading.Thread(target=lambda: masks.append(mask()))
        thread.start()
        thread.join()
        return "an application"

    before = mask()

    assert built(build) == "an application"
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= masks[0]
    assert mask() == before
    assert signal.SIGTERM not in before


def test_what_cannot_be_built_ends_the_process_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    def build() -> str:
        raise ConfigError("PORTEIRO_DATA: it cannot be used.")

    before = mask()
    with pytest.raises(SystemExit) as ended:
        built(build)

    assert (ended.value.code, mask()) == (CANNOT_LOAD, before)
    assert capsys.readouterr().err == "porteiro: PORTEIRO_DATA: it cannot be used.\n"


def test_only_uwsgi_numbers_its_workers() -> None:
    assert worker_number() is None
