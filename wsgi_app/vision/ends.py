"""Where a picture ends in the bytes that came: what follows is none of it, however much that is."""

import struct

from wsgi_app.base.errors import RequestError
from wsgi_app.vision.heifs import heif_end
from wsgi_app.vision.jpegs import jpeg_end
from wsgi_app.vision.kinds import is_heif, is_jpeg
from wsgi_app.vision.pngs import is_png, png_end
from wsgi_app.vision.webps import is_webp, webp_end

ENDS = ((is_jpeg, jpeg_end), (is_png, png_end), (is_webp, webp_end), (is_heif, heif_end))


def without_trailer(data: bytes) -> bytes:
    """A photo up to its end; as it came where nobody can tell that."""
    end_of = next((end_of for is_kind, end_of in ENDS if is_kind(data)), len)
    try:
        return data[: end_of(data)]
    except (RequestError, struct.error, IndexError, ValueError):
        return data
