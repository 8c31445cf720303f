"""From the bytes of a JPEG, PNG, WebP, HEIC or AVIF to upright pixels, no larger than needed."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import AvifImagePlugin, ExifTags, Image

from wsgi_app.base.errors import ContentTooLarge, RequestError, Unprocessable, UnsupportedMediaType
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.greys import lacks_a_part
from wsgi_app.vision.heifs import check_heif
from wsgi_app.vision.jpegs import INKS, Jpeg, read_jpeg
from wsgi_app.vision.kinds import is_heif, is_jpeg, is_picture, unread_kind
from wsgi_app.vision.pngs import is_png, is_undamaged, unpacked_bytes
from wsgi_app.vision.webps import is_webp, lacks_its_end

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF")  # the last would open any file of the brand mif1

JPEG_SCALES = (8, 4, 2)  # to which a JPEG is made smaller while it is decoded

# How to turn a picture upright, by its EXIF orientation (EXIF 2.32, tag 274); 1 is upright.
TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: pixels[::-1].transpose(1, 0, 2),
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: lambda pixels: pixels[:, ::-1].transpose(1, 0, 2),
}
LYING = (5, 6, 7, 8)  # these swap width and height

# Pillow's own limit is wider than ours, and it warns about odd camera data in pictures that are fine.
Image.MAX_IMAGE_PIXELS = None
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
# One thread decodes, as with the other formats: the processor's other cores are for the other workers.
pi_heif.options.DECODE_THREADS = AvifImagePlugin.DEFAULT_MAX_THREADS = 1
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True)
class Picture:
    """A decoded photo.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, upright; at most ``scale`` times smaller than the photo.
        width: of the upright photo as sent, px.
        height: of the upright photo as sent, px.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Photo pixels for each decoded pixel: 1.0, or about 2, 4 or 8."""
        height, width = self.pixels.shape[:2]
        return max(self.width, self.height) / max(int(height), int(width))


def decode(data: bytes, *, enough_px: int, limits: PictureLimits) -> Picture:
    """Decode a photo.

    Args:
        data: the file's bytes.
        enough_px: a JPEG is decoded at 1/2, 1/4 or 1/8 scale as long as its long side keeps this many pixels.
        limits: the header's size is held against these before any pixel is decoded.

    Raises:
        UnsupportedMediaType: not a JPEG, PNG, WebP, HEIC or AVIF, or not of a kind that is read.
        ContentTooLarge: more pixels than the limits allow.
        Unprocessable: broken, or a part of it is missing.
    """
    jpeg = read_jpeg(data, limits.progressive_scans) if is_jpeg(data) else None
    if is_heif(data) and is_picture(data):
        check_heif(data, limits.other_pixels, _too_large(limits.other_pixels, limits))
    image = _open(data)
    width, height = image.size
    _check_size(width, height, data, limits)
    _check_work(width, height, data, jpeg, limits)
    pixels = _load(image) if jpeg is None else _load_jpeg(jpeg, width, height, enough_px)
    if lacks_a_part(pixels):
        raise _incomplete()
    orientation = _orientation(image)
    if orientation in TURNS:
        pixels = np.ascontiguousarray(TURNS[orientation](pixels))
    return Picture(pixels, *((height, width) if orientation in LYING else (width, height)))


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except Exception as error:  # as in ``_load``
        raise _why_not_opened(data) from error


def _why_not_opened(data: bytes) -> RequestError:
    if is_picture(data):
        return _unreadable()
    kind = unread_kind(data)
    if kind is not None:
        return UnsupportedMediaType("unsupported_media_type:kind", kind=kind)
    return UnsupportedMediaType("unsupported_media_type:picture")


def _unreadable() -> Unprocessable:
    return Unprocessable("unreadable_image:broken")


def _incomplete() -> Unprocessable:
    return Unprocessable("unreadable_image:incomplete")


def _load_jpeg(jpeg: Jpeg, width: int, height: int, enough_px: int) -> NDArray[np.uint8]:
    """All pixels of a JPEG as RGB, so many times smaller that the longer side keeps enough of them."""
    scale = next((scale for scale in JPEG_SCALES if scale * enough_px <= max(width, height)), 1)
    pixels = jpeg.pixels(-(-width // scale), -(-height // scale))
    if pixels.shape[2] == INKS:  # as Adobe keeps them: upside down
        return np.asarray(Image.fromarray(255 - pixels, "CMYK").convert("RGB"))
    return pixels


def _load(image: Image.Image) -> NDArray[np.uint8]:
    """All pixels of any other picture as RGB."""
    try:
        image.load()
        return np.asarray(image if image.mode == "RGB" else _opaque(_eight_bits(image)).convert("RGB"))
    except Exception as error:  # what a decoder raises over broken data can be anything
        raise _unreadable() from error


def _too_large(most_pixels: int, limits: PictureLimits) -> ContentTooLarge:
    return ContentTooLarge("image_too_large", megapixels=most_pixels // 1_000_000, side_px=limits.side_px)


def _check_size(width: int, height: int, data: bytes, limits: PictureLimits) -> None:
    most = limits.jpeg_pixels if is_jpeg(data) else limits.other_pixels
    if width * height > most or max(width, height) > limits.side_px:
        raise _too_large(most, limits)


def _check_work(width: int, height: int, data: bytes, jpeg: Jpeg | None, limits: PictureLimits) -> None:
    """What a size that fits does not tell: a JPEG's passes over it, and whether a PNG's pixels are there."""
    if jpeg is not None and len(jpeg.scans) * width * height > limits.scanned_pixels:
        raise Unprocessable("unreadable_image:scans")
    if is_png(data):
        if unpacked_bytes(data) > limits.png_bytes:
            raise ContentTooLarge("image_too_large:png", megabytes=limits.png_bytes // 1_000_000)
        if not is_undamaged(data):
            raise _unreadable()
    if is_webp(data) and lacks_its_end(data):
        raise _incomplete()


def _orientation(image: Image.Image) -> int:
    """How a picture lies, still to be turned.

    Of a HEIC and an AVIF their own word counts, not a camera's notes (ISO/IEC 23008-12): a HEIC is turned as
    it is decoded; what an AVIF says Pillow puts into its EXIF, but it would look into XMP as well.
    """
    if image.format == "HEIF":
        return 1
    if image.format == "AVIF":
        image.info.pop("xmp", None)
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  # a camera's notes may be broken in any way: the picture still counts
        return 1


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image


def _opaque(image: Image.Image) -> Image.Image:
    """A picture as people see it on paper: what it hides by transparency does not count."""
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    paper = Image.new("RGB", layer.size, "white")
    paper.paste(layer, mask=layer)
    return paper
