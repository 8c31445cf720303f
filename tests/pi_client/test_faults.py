import logging

from pi_client import lamps
from pi_client.faults import HANDLING, Fault


def test_every_fault_is_handled() -> None:
    assert set(HANDLING) == set(Fault)


def test_no_fault_looks_like_an_answer() -> None:
    answers = {lamps.GRANTED, lamps.REFUSED, lamps.IDLE, lamps.BUSY}

    assert not answers & {handling.pattern for handling in HANDLING.values()}


def test_only_a_server_that_is_not_reached_is_asked_again() -> None:
    assert {fault for fault, handling in HANDLING.items() if handling.retried} == {Fault.UNREACHABLE}


def test_what_only_a_person_can_mend_is_logged_as_an_error() -> None:
    passing = {Fault.SERVER_ERROR, Fault.UNREACHABLE, Fault.CUT_OFF, Fault.TOO_LATE}

    assert {fault for fault, handling in HANDLING.items() if handling.level == logging.WARNING} == passing
    assert {fault for fault, handling in HANDLING.items() if handling.level == logging.ERROR} == set(
        Fault
    ) - passing
