import re
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from bench.errors import Failure
from bench.press import Spread, Summary, add_token, as_taken, door_config, main
from bench.serving import Installation
from bench.visitors import Timing, first_verdict, visited
from pi_client.config import load_config
from pi_client.fakes.pins import Moment
from pi_client.fakes.server import KNOWN, UNKNOWN, UNREACHABLE, FakeServer, Scripted
from pi_client.lamps import BUZZER, GREEN, NOTHING, RED, YELLOW, Lit

FIGURES = re.compile(
    r"3 presses, 3 of them green; a photo of 1536x864, [\d,]+ bytes\n"
    r"other programs took \d+% of the processor\n"
    r"ms               median     90 %     most\n"
    r"press to lamp  (?P<lamp>[\d. ]{26})\n"
    r"server's share (?P<server>[\d. ]{26})\n"
    r"device's share (?P<own>[\d. ]{26})\n"
    r"device's share at the median, target at most 30 ms: (?P<verdict>met|MISSED)\n"
)


def run(*options: str) -> Result:
    return CliRunner().invoke(main, options)


def timed(*own_ms: float) -> list[Timing]:
    """Presses of which the server took 40 ms and the device the rest."""
    return [Timing(40.0 + own, 40.0, is_green=True) for own in own_ms]


# Real presses


@pytest.mark.live
def test_presses_are_timed_through_the_shipped_server() -> None:
    result = run("--presses", "3")

    shown = FIGURES.fullmatch(result.stdout)
    assert shown, result.output
    lamp, server, own = (
        [float(figure) for figure in shown[name].split()] for name in ("lamp", "server", "own")
    )
    assert 20 < own[0] <= own[1] <= own[2]  # no press counts before it has lasted for 20 ms
    assert 0 < server[0] <= server[1] <= server[2]
    assert server[0] < lamp[0] <= lamp[1] <= lamp[2]
    assert result.exit_code == {"met": 0, "MISSED": 1}[shown["verdict"]]


def test_a_soak_tells_what_the_process_holds_at_its_end() -> None:
    result = run("--soak", "2")

    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"presses  threads  descriptors  resident MB\n +2 +\d+ +\d+ +\d+\.\d\n", result.stdout
    )


@pytest.mark.parametrize(("answer", "is_green"), [(KNOWN, True), (UNKNOWN, False)])
def test_a_visitor_waits_for_green_or_red(photo_bytes: bytes, answer: Scripted, *, is_green: bool) -> None:
    with visited(load_config(None, {}), photo_bytes, FakeServer(answer)) as visitors:
        timings = [visitors.come(), visitors.come()]

    assert [timing.is_green for timing in timings] == [is_green, is_green]
    assert [timing.server_ms for timing in timings] == [0.0, 0.0]
    assert all(timing.own_ms > 20 for timing in timings)  # the debounce


def test_a_press_that_fails_is_no_figure(photo_bytes: bytes) -> None:
    with (
        visited(load_config(None, {}), photo_bytes, FakeServer(UNREACHABLE)) as visitors,
        pytest.raises(Failure, match="A press failed"),
    ):
        visitors.come()


@pytest.mark.parametrize(("is_met", "status"), [(True, 0), (False, 1)])
def test_a_missed_target_is_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, *, is_met: bool, status: int
) -> None:
    monkeypatch.setattr("bench.press.tell_presses", lambda *_: is_met)

    assert run().exit_code == status


# The arithmetic


def test_what_the_server_did_not_take_the_device_took() -> None:
    assert Timing(lamp_ms=71.5, server_ms=40.0, is_green=True).own_ms == 31.5


def test_a_spread_has_nine_in_ten_within_its_90th_percentile() -> None:
    assert Spread.of([float(figure) for figure in range(20, 0, -1)]) == Spread(10.5, 18.0, 20.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


def test_the_target_is_for_the_median_of_the_devices_share() -> None:
    assert Summary.of(timed(29.0, 30.0, 99.0)).is_met
    assert not Summary.of(timed(1.0, 30.5, 31.0)).is_met


def test_the_figures_are_a_table() -> None:
    assert str(Summary.of(timed(26.0, 27.0, 36.0))) == (
        "ms               median     90 %     most\n"
        "press to lamp      67.0     76.0     76.0\n"
        "server's share     40.0     40.0     40.0\n"
        "device's share     27.0     36.0     36.0\n"
        "device's share at the median, target at most 30 ms: met"
    )


def test_the_verdict_is_the_first_green_or_red_since_the_press() -> None:
    def lit(at_s: float, lamps: Lit) -> Moment:
        return Moment(at_s, lamps, relay_closed=False)

    before = (lit(1.0, RED), lit(2.0, NOTHING), lit(3.0, YELLOW))

    assert first_verdict(before, since_s=1.5) is None
    assert first_verdict((*before, lit(4.0, GREEN | BUZZER), lit(4.1, GREEN)), 1.5) == lit(
        4.0, GREEN | BUZZER
    )


# What a run is made of


def test_the_photo_is_as_the_devices_camera_takes_it(photo_bytes: bytes) -> None:
    taken = as_taken(photo_bytes, load_config(None, {}).camera)

    with Image.open(BytesIO(taken)) as image:
        assert (image.format, image.size) == ("JPEG", (1536, 864))


def test_the_device_asks_the_server_with_a_token_and_is_otherwise_as_shipped(tmp_path: Path) -> None:
    config = door_config(("127.0.0.1", 8099), tmp_path / "token")

    shipped = load_config(None, {})
    assert (config.server.url, config.server.token_file) == (
        "http://127.0.0.1:8099/porteiro",
        str(tmp_path / "token"),
    )
    assert (config.gpio, config.camera) == (shipped.gpio, shipped.camera)


def test_a_token_is_made_by_the_shipped_command(tmp_path: Path) -> None:
    file = add_token(Installation(tmp_path, {"PORTEIRO_DATA": str(tmp_path / "data")}))

    assert re.fullmatch(r"bench\.[\w-]{43}\n", file.read_text())


def test_a_token_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"porteiro token add failed: .*PORTEIRO_LOG_LEVEL"):
        add_token(Installation(tmp_path, {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LOG_LEVEL": "loud"}))


@pytest.fixture
def photo_bytes() -> bytes:
    """A small photo."""
    file = BytesIO()
    Image.new("RGB", (96, 54)).save(file, "JPEG")
    return file.getvalue()
