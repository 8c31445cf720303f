"""Pictures that cost a worker as much as any that is let through, of each format: nobody is on them."""

from io import BytesIO

import numpy as np
from PIL import Image

from wsgi_app.base.limits import PictureLimits, UploadLimits

SIDES_PX = (4000, 3000)
SEED = 24
# The quality at which noise of that size is nearly as large as a photo may be, in bytes.
QUALITIES = {"JPEG": 30, "WEBP": 40, "AVIF": 60}


def heavy_pictures() -> dict[str, bytes]:
    """The pictures, by format."""
    width, height = SIDES_PX
    noise = np.random.default_rng(SEED).integers(0, 256, (height, width, 3), np.uint8)
    flat = Image.new("RGB", SIDES_PX, (128, 128, 128))
    image = Image.fromarray(noise)
    pictures = {
        "progressive JPEG": saved(image, "JPEG", quality=QUALITIES["JPEG"], progressive=True, subsampling=0),
        "PNG": saved(flat, "PNG"),
        "WebP": saved(image, "WEBP", quality=QUALITIES["WEBP"], method=0),
        "AVIF": saved(image, "AVIF", quality=QUALITIES["AVIF"], speed=10),
    }
    assert max(map(len, pictures.values())) <= UploadLimits().photo_bytes
    assert width * height <= PictureLimits().asked_pixels
    return pictures


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
