"""Counters for Prometheus."""

from collections.abc import Iterator
from itertools import accumulate

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from webob import Response

from wsgi_app.base.counters import LATENCY_BUCKETS_S, Totals
from wsgi_app.base.doors import DoorState
from wsgi_app.base.errors import Unavailable
from wsgi_app.house.backup_health import BackupHealth, health
from wsgi_app.house.storage import Disk, disks
from wsgi_app.web.call import Call

log = structlog.get_logger("porteiro")


def show(call: Call) -> Response:
    """``GET /metrics``: the totals over all workers, in the text exposition format."""
    registry = CollectorRegistry()
    registry.register(TotalsCollector(call.house.tally.read()))
    if backup := health(call.house.config, call.house.stores.now()):
        registry.register(BackupCollector(backup))
    registry.register(StorageCollector(disks(call.house.config)))
    try:
        stores = call.house.stores
        tried = len(stores.tries.everywhere(call.house.config.try_rule))
        registry.register(DevicesCollector(stores.devices.states(), tried))
        registry.register(PurgeCollector(stores.purges.state().hold is not None))
    except Unavailable:
        log.warning("metrics without devices: the database does not answer")
    return Response(generate_latest(registry), headerlist=[("Content-Type", CONTENT_TYPE_LATEST)])


class TotalsCollector(Collector):
    """One reading of the tally as Prometheus metrics."""

    def __init__(self, totals: Totals):
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Each metric with all its samples."""
        requests = CounterMetricFamily(
            "porteiro_requests", "Requests answered.", labels=("endpoint", "status")
        )
        for labels, count in self._totals.requests.items():
            requests.add_metric(labels, count)
        yield requests
        outcomes = CounterMetricFamily("porteiro_visits", "Verdicts of the door.", labels=("outcome",))
        for outcome, count in self._totals.outcomes.items():
            outcomes.add_metric((outcome,), count)
        yield outcomes
        images = CounterMetricFamily("porteiro_images", "Images asked about, by form.", labels=("form",))
        for form, count in self._totals.images.items():
            images.add_metric((form,), count)
        yield images
        refused = CounterMetricFamily(
            "porteiro_presses_refused", "Presses too old, seen before, or too soon.", labels=("code",)
        )
        for code, count in self._totals.presses_refused.items():
            refused.add_metric((code,), count)
        yield refused
        yield self._latency()

    def _latency(self) -> Metric:
        latency = HistogramMetricFamily(
            "porteiro_request_seconds", "Time to answer a request.", labels=("endpoint",)
        )
        bounds = [*(str(bound) for bound in LATENCY_BUCKETS_S), "+Inf"]
        for endpoint, (counts, seconds) in self._totals.latency.items():
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            latency.add_metric((endpoint,), buckets, seconds)
        return latency


class DevicesCollector(Collector):
    """How many door devices are in each state, and how many doors are tried again and again."""

    def __init__(self, states: dict[DoorState, int], tried: int):
        self._states, self._tried = states, tried

    def collect(self) -> Iterator[Metric]:
        """Two gauges."""
        devices = GaugeMetricFamily(
            "porteiro_devices", "Door devices by their last heartbeat.", labels=("state",)
        )
        for state, count in self._states.items():
            devices.add_metric((state,), count)
        yield devices
        yield GaugeMetricFamily(
            "porteiro_doors_tried", "Doors with refusals in a row that go on.", value=self._tried
        )


class PurgeCollector(Collector):
    """Whether a purge waits until an owner approves it."""

    def __init__(self, is_held: bool):  # noqa: FBT001
        self._is_held = is_held

    def collect(self) -> Iterator[Metric]:
        """One gauge."""
        yield GaugeMetricFamily(
            "porteiro_purge_held",
            "Whether a purge waits until an owner approves it.",
            value=self._is_held,
        )


class StorageCollector(Collector):
    """How much room each of the house's disks has left."""

    def __init__(self, found: list[Disk]):
        self._disks = found

    def collect(self) -> Iterator[Metric]:
        """One gauge."""
        free = GaugeMetricFamily(
            "porteiro_storage_free_bytes", "Room that a disk has left, by what it holds.", labels=("holds",)
        )
        for disk in self._disks:
            free.add_metric((disk.name,), disk.free_bytes)
        yield free


class BackupCollector(Collector):
    """How old the last backup is, and whether it is as it should be."""

    def __init__(self, backup: BackupHealth):
        self._backup = backup

    def collect(self) -> Iterator[Metric]:
        """Two gauges; the age is left out before the first backup."""
        yield GaugeMetricFamily(
            "porteiro_backup_ok", "Whether there is a backup as there should be.", value=self._backup.ok
        )
        if self._backup.age_s is not None:
            yield GaugeMetricFamily(
                "porteiro_backup_age_seconds", "Age of the last whole backup.", value=self._backup.age_s
            )
