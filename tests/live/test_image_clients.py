"""Scripts as one writes them first: walk through a folder, send each picture, print where the nose is.

Each is written with one library and nothing of Porteiro's, against the local run and through nginx.
"""

import base64
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import PHOTOS
from tests.houses import without_settings
from tests.servers import ANSWER_S, LiveServer
from wsgi_app.base.steps import Steps
from wsgi_app.vision.pipeline import Pipeline

pytestmark = pytest.mark.live

Point = tuple[float, float]
PROGRAM = Path(sys.executable).with_name("porteiro")
NAMES = ("ana-1.jpg", "bruno-1.jpg", "chen-1.jpg", "a folder/dana-1.jpg", "a folder/b/José.jpeg")


@dataclass(frozen=True)
class Upload:
    """What a script sends for one picture."""

    path: str
    content_type: str
    body: bytes


def as_base64(picture: Path) -> Upload:
    """As JSON to /image-64."""
    text = base64.b64encode(picture.read_bytes()).decode()
    return Upload("image-64", "application/json", json.dumps({"image": text}).encode())


def as_binary(picture: Path) -> Upload:
    """As a form to /image-bin, put together by hand."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{picture.name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + picture.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    return Upload("image-bin", f"multipart/form-data; boundary={boundary}", body)


def by_http_client(url: str, upload: Upload) -> bytes:
    address = urlsplit(url)
    with closing(http.client.HTTPConnection(address.netloc, timeout=ANSWER_S)) as connection:
        headers = {"Content-Type": upload.content_type}
        connection.request("POST", address.path + upload.path, upload.body, headers)
        return connection.getresponse().read()


def by_urllib(url: str, upload: Upload) -> bytes:
    headers = {"Content-Type": upload.content_type}
    request = urllib.request.Request(url + upload.path, upload.body, headers)
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        body: bytes = answer.read()
        return body


def by_requests(url: str, upload: Upload) -> bytes:
    headers = {"Content-Type": upload.content_type}
    return requests.post(url + upload.path, upload.body, headers=headers, timeout=ANSWER_S).content


@pytest.fixture(params=["local_house", "live_house"])
def url(request: pytest.FixtureRequest) -> str:
    """Where Porteiro is: by its own HTTP port, and through nginx."""
    server: LiveServer = request.getfixturevalue(request.param)[0]
    return f"http://127.0.0.1:{server.port}{server.prefix}/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures, with subfolders and something else."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, photo in zip(NAMES, ("ana-1", "bruno-1", "chen-1", "dana-1", "eun-1"), strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PHOTOS / f"{photo}.jpg", folder / name)
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture
def noses(pipeline: Pipeline, folder: Path, steps: Steps) -> dict[str, Point]:
    """Where the noses are."""
    points = {name: pipeline.nose((folder / name).read_bytes(), steps) for name in NAMES}
    return {name: (round(x, 4), round(y, 4)) for name, (x, y) in points.items()}


def images_in(folder: Path) -> Iterator[Path]:
    """Every picture below a folder."""
    for below, _, names in os.walk(folder):
        for name in sorted(names):
            if name.lower().endswith((".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")):
                yield Path(below, name)


@pytest.mark.parametrize("upload", [as_base64, as_binary])
@pytest.mark.parametrize("post", [by_http_client, by_urllib, by_requests])
def test_a_script_gets_the_nose_of_every_picture_in_a_folder(
    url: str,
    folder: Path,
    noses: dict[str, Point],
    post: Callable[[str, Upload], bytes],
    upload: Callable[[Path], Upload],
) -> None:
    answers = {image: json.loads(post(url, upload(image))) for image in images_in(folder)}

    assert {
        str(image.relative_to(folder)): (answer["x"], answer["y"]) for image, answer in answers.items()
    } == noses


def test_requests_makes_the_bodies_itself(url: str, folder: Path, noses: dict[str, Point]) -> None:
    for image in images_in(folder):
        text = base64.b64encode(image.read_bytes()).decode()
        by_json = requests.post(url + "image-64", json={"image": text}, timeout=ANSWER_S)
        with image.open("rb") as file:
            by_file = requests.post(url + "image-bin", files={"image": file}, timeout=ANSWER_S)

        x, y = noses[str(image.relative_to(folder))]
        assert (by_json.json(), by_file.json()) == ({"x": x, "y": y}, {"x": x, "y": y})


@pytest.mark.parametrize("workers", ["1", "3"])
def test_porteiro_sends_a_folder_both_ways(
    url: str, folder: Path, noses: dict[str, Point], tmp_path: Path, workers: str
) -> None:
    done = subprocess.run(
        [PROGRAM, "send", folder, "--both", "--json", "--workers", workers, "--url", url],
        env={**without_settings(os.environ), "PORTEIRO_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    *sent, last = map(json.loads, done.stdout.splitlines())

    for kind in ("base64", "binary"):
        points = {it["file"]: (it["x"], it["y"]) for it in sent if it["kind"] == kind}
        assert {str(Path(file).relative_to(folder)): point for file, point in points.items()} == noses
    assert (last["summary"]["requests"], last["summary"]["failed"], done.stderr) == (10, 0, "")
