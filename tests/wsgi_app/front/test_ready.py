"""What the terminal says when the local run is ready."""

import os
import subprocess
import sys

import pytest

from tests.houses import without_settings


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "http://127.0.0.1:8765/porteiro/"),
        ({"PORTEIRO_HTTP": "*:80", "PORTEIRO_PREFIX": "/"}, "http://127.0.0.1:80/"),
        ({"PORTEIRO_HTTP": "[::]:8080"}, "http://[::1]:8080/porteiro/"),
    ],
)
def test_it_is_an_address_that_a_browser_can_open(settings: dict[str, str], address: str) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "wsgi_app.front.ready"],
        env={**without_settings(os.environ), **settings},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == f"Porteiro is ready: open {address}\n"
