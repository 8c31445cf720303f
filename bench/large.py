"""What a large photo costs: the time of one 12-megapixel photo against that of one of 960x540."""

import time
from collections.abc import Iterator
from contextlib import closing
from statistics import median

from bench.load import Connection, photo_request, seconds_to_answer
from bench.material import Material, enlarge, furnished
from bench.pairs import Pair, Plan
from bench.serving import served

QUALITY = 85
HEAVY_QUALITY = 92
MILLISECONDS = 1000


def measure(material: Material, plan: Plan) -> Iterator[Pair]:
    """Milliseconds from request to verdict of ``POST /``: a large photo, and a small one of the scene."""
    small = material.photos[0]
    photos = {"small": small, "large": enlarge(small, QUALITY), "heavy": enlarge(small, HEAVY_QUALITY)}
    print("  JPEG sizes: " + ", ".join(f"{name} {len(photo):,} bytes" for name, photo in photos.items()))
    requests = {name: photo_request("/porteiro/", "file", photo) for name, photo in photos.items()}
    heavy = []
    with furnished(material) as house, served(house) as address, closing(Connection(address)) as connection:
        typical_ms(connection, requests, plan.seconds)
        for _ in range(plan.rounds):
            took_ms = typical_ms(connection, requests, 4 * plan.seconds)
            heavy.append(took_ms["heavy"] / took_ms["small"])
            yield Pair(took_ms["large"], took_ms["small"])
    print(
        f"  for information, the heavy photo (quality {HEAVY_QUALITY}): {median(heavy):.2f} times the small"
    )


def typical_ms(connection: Connection, requests: dict[str, bytes], seconds: float) -> dict[str, float]:
    """Ask about each photo in turn for a while, one client; gives the median time of each."""
    took: dict[str, list[float]] = {name: [] for name in requests}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, request in requests.items():
            took[name].append(seconds_to_answer(connection, request))
    return {name: median(times) * MILLISECONDS for name, times in took.items()}
