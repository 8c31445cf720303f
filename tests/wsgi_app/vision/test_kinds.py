"""What the first bytes of a photo tell."""

import pytest

from wsgi_app.vision.kinds import is_jpeg, is_picture

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
