"""What the benchmarks show to the server: a model pack and photos of made-up people."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from bench.errors import Missing
from bench.serving import REPOSITORY, Installation, furnish

PHOTOS = REPOSITORY / "tests" / "photos"
ENROLLED = "*-1.jpg"
ASKED = "*-2.jpg"
NO_PERSON = "nobody"
LARGE_PX = (4000, 3000)
NOISE = 4.0  # standard deviation of a small sensor's noise, on the 0..255 scale
SEED = 12


@dataclass(frozen=True)
class Material:
    """What all benchmarks start from.

    Attributes:
        pack: folder of the model pack.
        enrolments: one photo of each person, by name.
        photos: another photo of each, which the server is asked about.
    """

    pack: Path
    enrolments: dict[str, bytes]
    photos: tuple[bytes, ...]


def find_material(pack: Path) -> Material:
    """Look for the photos, to be shown to a model pack in a folder.

    Raises:
        Missing: there are none.
    """
    enrolments = {path.stem.partition("-")[0]: path.read_bytes() for path in _people(ENROLLED)}
    photos = tuple(path.read_bytes() for path in _people(ASKED))
    if not enrolments or not photos:
        raise Missing(f"there are no photos {ENROLLED} and {ASKED} in {PHOTOS.relative_to(REPOSITORY)}")
    return Material(pack, enrolments, photos)


@contextmanager
def furnished(material: Material) -> Iterator[Installation]:
    """A house where everybody is enrolled, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="porteiro-bench-") as folder:
        yield furnish(Path(folder), material.pack, material.enrolments)


def enlarge(photo: bytes, quality: int) -> bytes:
    """The same scene as a 12-megapixel camera takes it: cut to 4:3, enlarged, with the noise of a sensor.

    Args:
        photo: a JPEG that is at least as wide as 4:3.
        quality: of the JPEG that comes back, 1 to 95.
    """
    image = Image.open(BytesIO(photo)).convert("RGB")
    margin = (image.width - image.height * LARGE_PX[0] // LARGE_PX[1]) // 2
    image = image.crop((margin, 0, image.width - margin, image.height))
    pixels = np.asarray(image.resize(LARGE_PX, Image.Resampling.BICUBIC), np.float32)
    noise = np.random.default_rng(SEED).standard_normal(pixels.shape, np.float32) * NOISE
    noisy = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _people(pattern: str) -> list[Path]:
    return sorted(path for path in PHOTOS.glob(pattern) if not path.name.startswith(NO_PERSON))
