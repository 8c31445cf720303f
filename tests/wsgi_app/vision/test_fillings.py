import numpy as np
import pytest

from wsgi_app.vision.fillings import is_filled

CODED = np.random.default_rng(5).bytes(4000)


@pytest.mark.parametrize("length", range(1, 17))
def test_a_pattern_over_and_over_is_no_coded_data(length: int) -> None:
    assert is_filled(CODED + CODED[:length] * 64)


@pytest.mark.parametrize("end", [b"", bytes(48), b"\xff" * 48], ids=["nothing", "some zeros", "some ones"])
def test_coded_data_may_end_in_any_way(end: bytes) -> None:
    assert not is_filled(CODED + end)


def test_too_little_data_to_tell_is_none() -> None:
    assert [is_filled(bytes(size)) for size in (0, 63, 64)] == [False, False, True]
