"""What the first bytes of a photo tell."""

import pytest

from wsgi_app.vision.kinds import begins_as_picture, is_jpeg, is_picture

PNG, WEBP = b"\x89PNG\r\n\x1a\n more", b"RIFF\x10\n\0\0WEBP more"


@pytest.mark.parametrize(
    ("data", "jpeg", "picture"),
    [
        (b"\xff\xd8\xff\xe0 more", True, True),
        (b"\xff\xd8\xff", True, True),
        (b"\xff\xd8", False, False),
        (b"", False, False),
        (PNG, False, True),
        (WEBP, False, True),
        (b"RIFF\x10\n\0\0WAVE more", False, False),
        (b"GIF89a", False, False),
        (b" \xff\xd8\xff\xe0 more", False, False),
        (b" " + PNG, False, False),
    ],
)
def test_a_photo_is_known_by_its_first_bytes(data: bytes, jpeg: bool, picture: bool) -> None:
    assert (is_jpeg(data), is_picture(data)) == (jpeg, picture)


@pytest.mark.parametrize(
    ("data", "picture"),
    [
        (PNG, True),
        (b"\0\0\0\x18ftypheic more", True),
        (b"\0\0\0\x18ftypavif more", True),
        (b"\0\0\0\x18ftypisom more", False),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0 more", True),
        (b"BMW is a maker of cars, and this is a letter", False),
        (b"GIF89a more", True),
        (b"II*\0 more", True),
        (b"MM\0* more", True),
        (b"\0\0\0\x0cJXL \r\n\x87\n more", True),
        (b"\xff\x4f\xff\x51 more", True),
        (b"Dear Ana", False),
        (b"", False),
    ],
)
def test_pictures_of_kinds_that_are_not_read_are_known_too(data: bytes, picture: bool) -> None:
    assert begins_as_picture(data) is picture
