"""Counters for Prometheus."""

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.servers import InProcessServer, post_json, post_photo

Photo = Callable[[str], bytes]


def samples(server: InProcessServer) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = server.ask("GET", "/metrics").body.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_happened_is_exposed(server: InProcessServer, photo: Photo) -> None:
    post_photo(server, "/", photo("nobody-1"))
    post_photo(server, "/image-bin", photo("ana-1"), field="image")
    post_json(server, "/image-64", {"image": ""})

    exposed = samples(server)

    assert exposed["porteiro_visits_total", (("outcome", "no_face"),)] == 1
    assert exposed["porteiro_images_total", (("form", "binary"),)] == 1
    assert exposed["porteiro_images_total", (("form", "base64"),)] == 1
    assert exposed["porteiro_requests_total", (("endpoint", "door.answer"), ("status", "404"))] == 1
    assert exposed["porteiro_request_seconds_count", (("endpoint", "door.answer"),)] == 1
    assert exposed["porteiro_request_seconds_bucket", (("endpoint", "door.answer"), ("le", "+Inf"))] == 1
    assert 0 < exposed["porteiro_request_seconds_sum", (("endpoint", "door.answer"),)] < 10


def test_the_format_is_the_one_that_prometheus_reads(server: InProcessServer) -> None:
    assert server.ask("GET", "/metrics").headers["Content-Type"].startswith("text/plain; version=")
