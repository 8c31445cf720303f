"""What has a lane of its own, here and in nginx.conf."""

import pytest

from tests.structure import CHECKOUT
from wsgi_app.base.errors import TooManyRequests, Unavailable
from wsgi_app.front.lanes import PICTURE, PICTURES, PICTURES_OF_ONE, PRESS, Lane, PictureAdmission, lane_of


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("POST", "/porteiro/", Lane.PRESSES),
        ("POST", "/", Lane.PRESSES),
        ("PUT", "/porteiro/devices/7/heartbeat", Lane.PRESSES),
        ("GET", "/porteiro/health/live", Lane.PRESSES),
        ("GET", "/health/ready", Lane.PRESSES),
        ("GET", "/porteiro/", Lane.OTHERS),
        ("POST", "/porteiro//", Lane.OTHERS),
        ("POST", "/porteiro/people", Lane.OTHERS),
        ("GET", "/porteiro/people/7/export", Lane.OTHERS),
        ("GET", "/porteiro/compare", Lane.OTHERS),
        ("POST", "/porteiro/compare", Lane.PICTURES),
        ("POST", "/porteiro/faces", Lane.PICTURES),
        ("POST", "/image-64", Lane.PICTURES),
        ("POST", "/image-bin", Lane.PICTURES),
        ("POST", "/porteiro/people/7/faces", Lane.PICTURES),
        ("POST", "/porteiro/compare\n", Lane.OTHERS),
    ],
)
def test_the_lane_of_a_request(method: str, path: str, lane: Lane) -> None:
    assert lane_of(method, path) is lane


def test_nginx_has_the_same_lanes_and_numbers() -> None:
    text = (CHECKOUT / "nginx.conf").read_text()

    assert f'"~^{PRESS.pattern}$" presses;' in text
    assert f'"~^{PICTURE.pattern}$" pictures;' in text
    assert f"limit_conn pictures_of_one {PICTURES_OF_ONE};" in text
    assert f"max_conns={PICTURES} " in text


def test_one_client_has_so_many_questions_and_all_together_so_many() -> None:
    admission = PictureAdmission()
    held = [admission.of(client) for client in ("a", "b") for _ in range(PICTURES_OF_ONE)]
    for one in held:
        one.__enter__()

    with pytest.raises(TooManyRequests) as of_one, admission.of("a"):
        pass
    with pytest.raises(Unavailable) as of_all, admission.of("c"):
        pass
    assert {of_one.value.headers["Retry-After"], of_all.value.headers["Retry-After"]} == {"2"}

    held[0].__exit__(None, None, None)
    with admission.of("c"):
        pass
