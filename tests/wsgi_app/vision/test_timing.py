from pathlib import Path

import numpy as np
import pytest

from wsgi_app.vision import timing
from wsgi_app.vision.engines import Blob
from wsgi_app.vision.packs import pack_in
from wsgi_app.vision.timing import look_milliseconds, milliseconds


class Clock:
    """Processor time that a test moves on."""

    now = 0.0

    def process_time(self) -> float:
        return self.now


class SlowNetwork:
    """Takes its seconds of processor time one after the other, and remembers what it was asked."""

    def __init__(self, clock: Clock, seconds: list[float]):
        self.asked: list[Blob] = []
        self._clock, self._seconds = clock, seconds

    def run(self, blob: Blob) -> dict[str, Blob]:
        self._clock.now += self._seconds[len(self.asked)]
        self.asked.append(blob)
        return {}


def test_the_median_run_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    network, blob = SlowNetwork(clock, [0.5, 0.004, 0.002, 0.003, 0.002]), np.zeros((1, 3, 2, 2), np.float32)

    assert milliseconds(network, blob, runs=5) == pytest.approx(3)
    assert network.asked == [blob] * 5


def test_a_packs_detector_and_embedder_are_timed(pack_folder: Path) -> None:
    detector_ms, embedder_ms = look_milliseconds(pack_in(pack_folder), pack_folder, runs=1)

    assert min(detector_ms, embedder_ms) > 0
