"""Questions about one picture, in this process and through nginx and uWSGI."""

import base64
import io
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image

from tests.servers import Server, form, post_json, post_photo
from wsgi_app.base.faces import Quality
from wsgi_app.vision.packs import Threshold

Photo = Callable[[str], bytes]


def test_the_nose_is_found_in_both_forms(any_server: Server, photo: Photo) -> None:
    as_text = base64.b64encode(photo("ivo-2")).decode()

    by_json = post_json(any_server, "/image-64", {"image": as_text})
    by_form = post_photo(any_server, "/image-bin", photo("ivo-2"), field="image")

    assert (by_json.status, by_form.status) == (200, 200)
    assert by_json.json == by_form.json
    face = post_photo(any_server, "/faces", photo("ivo-2"), field="image").json["faces"][0]
    nose = face["landmarks"]["nose"]
    assert by_json.json == {
        "x": pytest.approx(nose[0] / 960, abs=0.05),
        "y": pytest.approx(nose[1] / 540, abs=0.05),
    }


def test_a_point_is_told_even_where_there_is_no_face(any_server: Server, photo: Photo) -> None:
    answer = post_photo(any_server, "/image-bin", photo("nobody-1"), field="image")

    assert (answer.status, sorted(answer.json)) == (200, ["x", "y"])
    assert all(0 <= fraction <= 1 for fraction in answer.json.values())


def test_every_face_is_listed_the_largest_first(any_server: Server, photo: Photo) -> None:
    wide = Image.new("RGB", (1440, 540))
    wide.paste(Image.open(io.BytesIO(photo("hana-1"))), (0, 0))
    wide.paste(Image.open(io.BytesIO(photo("goro-1"))).resize((480, 270)), (960, 0))
    file = io.BytesIO()
    wide.save(file, "PNG")

    found = any_server.ask("POST", "/faces", *form(("image", "two.png", file.getvalue()))).json

    assert (found["width"], found["height"], len(found["faces"])) == (1440, 540, 2)
    large, small = found["faces"]
    assert large["box"]["left"] + large["box"]["width"] < 960 < small["box"]["left"]
    for face in found["faces"]:
        assert set(face) == {"box", "landmarks", "score", "quality"}
        assert tuple(face["quality"]) == Quality.__struct_fields__
        inside = [
            face["box"]["left"] <= x <= face["box"]["left"] + face["box"]["width"]
            for x, _ in face["landmarks"].values()
        ]
        assert inside == [True] * 5
        assert 0.7 <= face["score"] <= 1


@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_boxes_fit_the_upright_picture_however_it_is_stored(
    any_server: Server, photo: Photo, kind: str
) -> None:
    upright = Image.open(io.BytesIO(photo("hana-1")))
    exif, stored, lying = Image.Exif(), io.BytesIO(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    upright.save(stored, kind, quality=95)
    upright.transpose(Image.Transpose.ROTATE_90).save(lying, kind, quality=95, exif=exif)

    straight, turned = (
        post_photo(any_server, "/faces", file.getvalue(), field="image").json for file in (stored, lying)
    )

    assert (turned["width"], turned["height"]) == (straight["width"], straight["height"]) == upright.size
    (face,), (expected,) = turned["faces"], straight["faces"]
    assert face["box"] == pytest.approx(expected["box"], abs=4)
    for name, place in expected["landmarks"].items():
        assert face["landmarks"][name] == pytest.approx(place, abs=4)


def test_no_face_is_an_empty_list(any_server: Server, photo: Photo) -> None:
    answer = post_photo(any_server, "/faces", photo("nobody-3"), field="image")

    assert (answer.status, answer.json) == (200, {"width": 960, "height": 540, "faces": []})


@pytest.mark.parametrize(("first", "second", "same"), [("jun-1", "jun-2", True), ("jun-1", "ivo-1", False)])
def test_two_photos_are_compared(
    any_server: Server, photo: Photo, threshold: Threshold, first: str, second: str, same: bool
) -> None:
    body = form(("a", "a.jpg", photo(first)), ("b", "b.jpg", photo(second)))

    compared = any_server.ask("POST", "/compare", *body).json

    assert (compared.pop("score") >= threshold.score) is same
    assert compared == {
        "same": same,
        "threshold": threshold.score,
        "false_accept_rate": threshold.false_accept_rate,
        "measured_on": threshold.measured_on,
    }


def test_a_comparison_needs_a_face_in_each(any_server: Server, photo: Photo) -> None:
    body = form(("a", "a.jpg", photo("jun-1")), ("b", "b.jpg", photo("nobody-1")))

    answer = any_server.ask("POST", "/compare", *body)

    assert (answer.status, answer.error) == (422, "no_face")
