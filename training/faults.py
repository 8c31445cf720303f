"""Learn to see what is wrong with an aligned face: ``python -m training.faults --data DIR --to FILE``.

An embedder answers alike to photos that lack the same thing, whoever they show: squeezed ones, masked ones,
noisy ones. Landmarks do not tell: the detector bends them to what a face usually is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import cv2
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.degradations import Jitter, Picture, degraded, jittered, pattern
from training.export import Form, to_onnx
from training.faces import CROP_PX, FACE_PX, Faces, read_faces, read_pairs
from training.networks import Convolution
from training.showing import to_tensor
from training.sources import parted
from wsgi_app.vision.packs import sha256_of

OUTCOMES = ("distorted", "obscured", "blurred")
LEAST_EYES_PX = 45  # in the photo that a face is cut from: fewer are blurred as they are
FALSE_ALARMS = 0.004  # of good photos, for each outcome
BATCHES, AT_ONCE, RATE = 4000, 128, 3e-3
EXAMINED = 40  # batches
GOOD = 0.45  # of what is shown
JITTER = Jitter(shift_px=2.5, turn_degrees=6.0, scale=0.05)

Change = Callable[[Picture, np.random.Generator], Picture]
Span = tuple[float, float]  # shares of a crop, the first and the last


def formed(factor: float, picture: Picture, _: np.random.Generator) -> Picture:
    """So many times as wide as it should be, of the same area."""
    wide, middle = np.sqrt(factor), CROP_PX / 2 - 0.5
    matrix = np.array([[wide, 0, middle * (1 - wide)], [0, 1 / wide, middle * (1 - 1 / wide)]])
    return np.asarray(
        cv2.warpAffine(picture, matrix, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def skewed(shear: float, picture: Picture, _: np.random.Generator) -> Picture:
    """Each row moved to the side, by so much of its distance to the middle."""
    middle = CROP_PX / 2 - 0.5
    matrix = np.array([[1, shear, -shear * middle], [0, 1, 0]])
    return np.asarray(
        cv2.warpAffine(picture, matrix, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def hidden(rows: Span, columns: Span, picture: Picture, random: np.random.Generator) -> Picture:
    """A part behind cloth or a hand, or grey; with hard edges or soft ones, square or round."""
    (top, bottom), (left, right) = (
        sorted(round(CROP_PX * (share + random.normal(0, 0.03))) for share in span)
        for span in (rows, columns)
    )
    share = np.zeros((CROP_PX, CROP_PX), np.float32)
    if random.random() < 0.5:
        share[max(0, top) : bottom, max(0, left) : right] = 1
    else:
        centre = ((left + right) / 2, (top + bottom) / 2)
        cv2.ellipse(
            share, (centre, (1.15 * (right - left), 1.15 * (bottom - top)), random.uniform(-8, 8)), 1, -1
        )
    if random.random() < 0.5:
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), random.uniform(0.7, 3)), np.float32)
    return np.asarray(
        picture + share[..., None] * (_cloth(picture, random).astype(np.float32) - picture), np.uint8
    )


def _cloth(picture: Picture, random: np.random.Generator) -> Picture:
    kind = random.random()
    if kind < 0.1:  # as what is cut off is in many files
        return np.full_like(picture, random.integers(0, 256))
    if kind < 0.28:  # a hand, or skin where none should be: the face's own colours, lit from somewhere
        return _skin(picture, random)
    if kind < 0.5:  # the same face once more, moved: two mouths, four eyes
        shift = random.uniform(18, 40, 2) * random.choice((-1, 1), 2) * (random.random(2) < 0.7)
        moved = np.array([[1, 0, shift[0]], [0, 1, shift[1] or 30]])
        return np.asarray(
            cv2.warpAffine(picture, moved, (CROP_PX, CROP_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    if kind < 0.6:  # made unknowable on purpose
        small = cv2.resize(picture, (int(random.integers(6, 18)),) * 2, interpolation=cv2.INTER_AREA)
        how = cv2.INTER_NEAREST if random.random() < 0.7 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(small, (CROP_PX, CROP_PX), interpolation=how), np.uint8)
    if kind < 0.67:  # grain
        return np.asarray(random.integers(0, 256, picture.shape), np.uint8)
    return pattern(CROP_PX, CROP_PX, random)


def _skin(picture: Picture, random: np.random.Generator) -> Picture:
    y, x = random.integers(45, 85, 2)
    tone = picture[y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))
    down, across = np.mgrid[0:CROP_PX, 0:CROP_PX].astype(np.float32) / CROP_PX - random.uniform(0.2, 0.8)
    if random.random() < 0.5:  # lighter or darker in the middle
        light = 1 + random.normal(0, 0.3) * np.exp(-(down**2 + across**2) / random.uniform(0.02, 0.2))
    else:
        light = 1 + random.normal(0, 0.4) * down + random.normal(0, 0.4) * across
    grain = random.normal(0, random.uniform(0, 4), picture.shape)
    return np.clip(tone * light[..., None] + grain, 0, 255).astype(np.uint8)


def noisy(deviation: float, picture: Picture, random: np.random.Generator) -> Picture:
    """With a sensor's noise."""
    noise = random.standard_normal(picture.shape, np.float32) * deviation
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(quality: int, picture: Picture, random: np.random.Generator) -> Picture:
    """As a JPEG of low quality, in which the face was larger."""
    side = round(CROP_PX * random.uniform(0.7, 2.5))
    data = cv2.imencode(".jpg", cv2.resize(picture, (side, side)), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    larger = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.resize(larger, (CROP_PX, CROP_PX), interpolation=cv2.INTER_AREA), np.uint8)


def smeared(share: float, picture: Picture, _: np.random.Generator) -> Picture:
    """Moved to the side while it was taken, by so much of the face's width."""
    return np.asarray(cv2.blur(picture, (max(1, round(0.75 * CROP_PX * share)), 1)), np.uint8)


def out_of_focus(share: float, picture: Picture, _: np.random.Generator) -> Picture:
    """Blurred by so much of the face's width."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.75 * CROP_PX * share), np.uint8)


def as_it_is(picture: Picture, _: np.random.Generator) -> Picture:
    """Nothing wrong."""
    return picture


def nearly_right(picture: Picture, random: np.random.Generator) -> Picture:
    """Hardly wider or narrower than it should be: heads are."""
    return formed(random.uniform(0.94, 1.07), picture, random)


WHOLE: Span = (-0.2, 1.2)

# What is good: by name, how often.
RIGHT: dict[str, tuple[float, Change]] = {
    "as it is": (0.45, as_it_is),
    "a door's": (0.25, degraded),
    "nearly right": (0.2, nearly_right),
    "hat": (0.1, partial(hidden, (-0.2, 0.2), WHOLE)),
}
# What is not: by outcome and name; all of an outcome are shown as often.
WRONG: dict[str, dict[str, Change]] = {
    "distorted": {
        **{
            f"stretched {factor:g}": partial(formed, factor)
            for factor in (0.55, 0.65, 0.7, 0.75, 0.8, 0.85, 1.2, 1.3, 1.45, 1.6, 1.8)
        },
        **{f"skewed {shear:g}": partial(skewed, shear) for shear in (-0.45, -0.3, 0.3, 0.45)},
    },
    "obscured": {
        "mask": partial(hidden, (0.58, 1.1), WHOLE),
        "glasses": partial(hidden, (0.36, 0.52), (0.05, 0.95)),
        "left half": partial(hidden, WHOLE, (-0.2, 0.48)),
        "right half": partial(hidden, WHOLE, (0.52, 1.2)),
        "upper half": partial(hidden, (-0.2, 0.52), WHOLE),
        "mouth": partial(hidden, (0.68, 0.9), (0.28, 0.72)),
        "an eye": partial(hidden, (0.36, 0.52), (0.22, 0.48)),
    },
    "blurred": {
        **{f"noise {deviation}": partial(noisy, deviation) for deviation in (35, 50, 70, 90)},
        **{f"JPEG {quality}": partial(compressed, quality) for quality in (2, 3, 4, 5)},
        **{f"moved {share:g}": partial(smeared, share) for share in (0.1, 0.15, 0.2)},
        **{f"out of focus {share:g}": partial(out_of_focus, share) for share in (0.03, 0.05)},
    },
}
Batch = tuple[Tensor, Tensor, list[str]]


class FaultNetwork(nn.Module):
    """One number for each of ``OUTCOMES`` from an aligned face; above 0 where something is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Convolution((3, 24), size=5, stride=2),
            Convolution((24, 48), stride=2),
            Convolution((48, 96), stride=2),
            Convolution((96, 128), stride=2),
            Convolution((128, 128)),
        )
        self.last = nn.Linear(2 * 128, len(OUTCOMES))

    def forward(self, faces: Tensor) -> Tensor:
        """Faces [B, 3, 112, 112], -1..1, to [B, outcomes]."""
        found = self.features(faces)
        answers: Tensor = self.last(torch.cat((found.mean((2, 3)), found.amax((2, 3))), 1))
        return answers


@dataclass(frozen=True, eq=False)
class Shown(IterableDataset[Batch]):
    """Batches without end: pictures uint8 [B, 112, 112, 3], labels float32 [B, outcomes], what was done."""

    crops: NDArray[np.uint8]
    seed: int

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        random = np.random.default_rng((self.seed, worker.id if worker else 0))
        cv2.setNumThreads(0)
        while True:
            shown = [self._one(random) for _ in range(AT_ONCE)]
            labels = [[outcome == one for one in OUTCOMES] for _, outcome, _ in shown]
            pictures = torch.from_numpy(np.stack([picture for picture, _, _ in shown]))
            yield pictures, torch.tensor(labels, dtype=torch.float32), [name for _, _, name in shown]

    def _one(self, random: np.random.Generator) -> tuple[Picture, str | None, str]:
        crop = self.crops[random.integers(len(self.crops))]
        crop = crop if random.random() < 0.5 else np.ascontiguousarray(crop[:, ::-1])
        if random.random() < GOOD:
            chances = np.array([often for often, _ in RIGHT.values()])
            name, outcome = list(RIGHT)[random.choice(len(RIGHT), p=chances / chances.sum())], None
            changed = RIGHT[name][1](crop, random)
        else:
            outcome = OUTCOMES[random.integers(len(OUTCOMES))]
            name = list(WRONG[outcome])[random.integers(len(WRONG[outcome]))]
            before = degraded(crop, random) if random.random() < 0.3 else crop
            changed = WRONG[outcome][name](before, random)
        return jittered(changed, FACE_PX, JITTER, random), outcome, name


def learn(crops: NDArray[np.uint8], batches: int, workers: int) -> FaultNetwork:
    """Fit the network to changed faces."""
    network = FaultNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, batches)
    shown = iter(DataLoader(Shown(crops, 1), None, num_workers=workers))
    for _ in track(range(batches), "learning", transient=True):
        pictures, labels, _ = next(shown)
        optimiser.zero_grad()
        functional.binary_cross_entropy_with_logits(network(to_tensor(pictures)), labels).backward()
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.inference_mode()
def examined(network: FaultNetwork, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """What the network says of changed faces, float32 [N, outcomes], and what was done to them, [N]."""
    shown = iter(Shown(crops, 2))
    found, names = [], []
    for pictures, _, changes in (next(shown) for _ in range(EXAMINED)):
        found.append(network(to_tensor(pictures)).numpy())
        names.extend(changes)
    return np.concatenate(found), np.array(names)


def set_level(network: FaultNetwork, good: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift its answers so that no more than ``FALSE_ALARMS`` of good faces get one above 0; by how much."""
    level = np.quantile(good, 1 - FALSE_ALARMS, axis=0).astype(np.float32)
    with torch.no_grad():
        network.last.bias -= torch.from_numpy(level)
    return level


def report(parts: dict[str, tuple[NDArray[np.float32], NDArray[np.str_]]]) -> Table:
    """The share of faces that get an outcome, by what was done to them."""
    table = Table("", *parts, box=None)
    for name in (*RIGHT, *(name for changes in WRONG.values() for name in changes)):
        chosen = [found[names == name] for found, names in parts.values()]
        table.add_row(name, *(f"{(part > 0).any(axis=1).mean():.3f} of {len(part)}" for part in chosen))
    return table


def _sharp(faces: Faces, data: Path) -> Faces:
    with np.load(data / "faces.npz") as table:
        names, eyes_px = table["name"].tolist(), table["eye_distance_px"].tolist()
    sizes = dict(zip(names, eyes_px, strict=True))
    return faces.part(np.array([sizes[name] >= LEAST_EYES_PX for name in faces.names.tolist()]))


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="Training material."
)
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--batches", default=BATCHES, show_default=True, help="To learn from.")
@click.option("--workers", default=1, show_default=True, help="Processes that prepare pictures.")
def main(data: Path, to: Path, batches: int, workers: int) -> None:
    """Learn the fault network, and write it as ONNX; prints what ``models.toml`` has to say of it."""
    torch.manual_seed(1)
    faces, press = parted(_sharp(read_faces(data), data))
    network = learn(faces.crops, batches, workers)
    parts = {"press photos": press.crops, "family photos": read_pairs(data).crops}
    found = {name: examined(network, crops) for name, crops in parts.items()}
    said, names = found["press photos"]
    level = set_level(network, said[np.isin(names, list(RIGHT))])
    Console().print(report({name: (said - level, names) for name, (said, names) in found.items()}))
    form = Form(FaultNetwork, lambda written: written, (1, 3, FACE_PX, FACE_PX), ["faults"])
    onnx.save(to_onnx(network, form), to)
    print(f'file = "{to.name}"\nsha256 = "{sha256_of(to)}"\nsize_bytes = {to.stat().st_size}')
    print(f"outcomes = {list(OUTCOMES)}".replace("'", '"'))


if __name__ == "__main__":
    main()
