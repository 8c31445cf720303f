"""Learn to see what is wrong with a photo from its embedding: ``python -m training.faults``.

An embedder answers alike to photos that lack the same thing, whoever they show: squeezed ones, masked ones,
noisy ones. So what they lack is seen in the embedding itself, and more surely than in the landmarks, which
the detector bends to what a face usually is.
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

from training.degradations import Picture, blurred, degraded, moved, pattern
from training.export import Form, to_onnx
from training.faces import CROP_PX, Faces, Pairs, read_faces, read_pairs
from training.sources import parted
from wsgi_app.base.errors import PackError
from wsgi_app.base.sentences import Place
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.align import align
from wsgi_app.vision.detect import find_faces
from wsgi_app.vision.embed import embed
from wsgi_app.vision.engines import Network, load_network
from wsgi_app.vision.grounds import ground_side, on_ground
from wsgi_app.vision.packs import Pack, check_files, pack_in, sha256_of

OUTCOMES = ("distorted", "obscured", "blurred")
GROUND_PX = 256
LEAST_EYES_PX = 45  # in the photo that a face is cut from: fewer are blurred as they are
FALSE_ALARMS = 0.003  # of good photos, for each outcome
HIDDEN_PX, STEPS, AT_ONCE, RATE = 96, 3000, 512, 2e-3
SHOWN = 24_000  # photos to learn from
MASK, GLASSES = (0.58, 1.0), (0.34, 0.5)  # first and last row, as shares of a crop
LEFT, RIGHT = (0.0, 0.5), (0.5, 1.0)  # columns

Change = Callable[[Picture, np.random.Generator], Picture]
Vectors = NDArray[np.float32]


def stretched(factor: float, picture: Picture, _: np.random.Generator) -> Picture:
    """So many times as wide as it should be."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(picture, (round(width * factor), height)), np.uint8)


def hidden(
    rows: tuple[float, float], columns: tuple[float, float], picture: Picture, random: np.random.Generator
) -> Picture:
    """A part behind cloth, or grey."""
    top, bottom = (round(CROP_PX * (share + random.normal(0, 0.02))) for share in rows)
    left, right = (round(CROP_PX * (share + random.normal(0, 0.02))) for share in columns)
    shown = picture.copy()
    place = shown[max(0, top) : bottom, max(0, left) : right]
    grey = random.random() < 0.2  # as what is cut off is in many files
    place[:] = random.integers(0, 256) if grey else pattern(place.shape[0], place.shape[1], random)
    return shown


def noisy(deviation: float, picture: Picture, random: np.random.Generator) -> Picture:
    """With a sensor's noise."""
    noise = random.standard_normal(picture.shape, np.float32) * deviation
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(quality: int, picture: Picture, _: np.random.Generator) -> Picture:
    """As a JPEG of low quality."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def as_it_is(picture: Picture, _: np.random.Generator) -> Picture:
    """Nothing wrong."""
    return picture


def nearly_right(picture: Picture, random: np.random.Generator) -> Picture:
    """Hardly wider or narrower than it should be: heads are."""
    return stretched(random.uniform(0.93, 1.08), picture, random)


def moved_far(picture: Picture, random: np.random.Generator) -> Picture:
    """Smeared twice over."""
    return moved(moved(picture, random), random)


def out_of_focus(picture: Picture, random: np.random.Generator) -> Picture:
    """Blurred twice over."""
    return blurred(blurred(picture, random), random)


WRONG_FORMS = (0.55, 0.65, 0.7, 0.75, 0.8, 1.25, 1.35, 1.45, 1.6, 1.8)

# What is shown: by name, how often, what is done, and the outcome that it should get.
CHANGES: dict[str, tuple[float, Change, str | None]] = {
    "as it is": (0.30, as_it_is, None),
    "a door's": (0.12, degraded, None),
    "nearly right": (0.08, nearly_right, None),
    **{f"stretched {factor:g}": (0.03, partial(stretched, factor), "distorted") for factor in WRONG_FORMS},
    "mask": (0.06, partial(hidden, MASK, (0.0, 1.0)), "obscured"),
    "glasses": (0.05, partial(hidden, GLASSES, (0.0, 1.0)), "obscured"),
    "left half": (0.02, partial(hidden, (0.0, 1.0), LEFT), "obscured"),
    "right half": (0.02, partial(hidden, (0.0, 1.0), RIGHT), "obscured"),
    "mouth": (0.03, partial(hidden, (0.62, 0.92), (0.25, 0.75)), "obscured"),
    **{f"noise {deviation}": (0.02, partial(noisy, deviation), "blurred") for deviation in (45, 60, 80)},
    **{f"JPEG {quality}": (0.03, partial(compressed, quality), "blurred") for quality in (2, 4)},
    "moved": (0.02, moved_far, "blurred"),
    "out of focus": (0.02, out_of_focus, "blurred"),
}


@dataclass(frozen=True, eq=False)
class Seen:
    """Embeddings, and what was done to the photos.

    Attributes:
        vectors: float32 [N, size].
        changes: [N], names of ``CHANGES``.
    """

    vectors: Vectors
    changes: NDArray[np.str_]

    @property
    def labels(self) -> Vectors:
        """float32 [N, outcomes], 1 for the outcome that a photo should get."""
        wanted = [CHANGES[name][2] for name in self.changes.tolist()]
        return np.array([[outcome == one for one in OUTCOMES] for outcome in wanted], np.float32)


class FaultNetwork(nn.Sequential):
    """One number for each of ``OUTCOMES`` from an embedding; above 0 where something is wrong."""

    def __init__(self, size: int) -> None:
        super().__init__(nn.Linear(size, HIDDEN_PX), nn.ReLU(), nn.Linear(HIDDEN_PX, len(OUTCOMES)))


def see(
    crops: Iterator[Picture], networks: tuple[Network, Network], pack: Pack, random: np.random.Generator
) -> Seen:
    """Change each photo as chance will have it, find the face anew, and embed it."""
    names = list(CHANGES)
    chances = np.array([CHANGES[name][0] for name in names])
    vectors, changes = [], []
    for crop in crops:
        name = names[random.choice(len(names), p=chances / chances.sum())]
        picture = crop if random.random() < 0.5 else np.ascontiguousarray(crop[:, ::-1])
        changed = CHANGES[name][1](picture, random)
        ground, _, _ = on_ground(changed, ground_side(pack.detector, GROUND_PX))
        faces = find_faces(networks[0], ground, pack.detector)
        if faces:
            vectors.append(embed(networks[1], align(ground, faces[0]), pack.embedder))
            changes.append(name)
    return Seen(np.stack(vectors), np.array(changes))


def learn(seen: Seen, generator: torch.Generator) -> FaultNetwork:
    """Fit the network to what was seen."""
    network = FaultNetwork(seen.vectors.shape[1])
    vectors, labels = torch.from_numpy(seen.vectors), torch.from_numpy(seen.labels)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    for _ in track(range(STEPS), "learning", transient=True):
        chosen = torch.randint(len(vectors), (AT_ONCE,), generator=generator)
        optimiser.zero_grad()
        found: Tensor = network(vectors[chosen])
        functional.binary_cross_entropy_with_logits(found, labels[chosen]).backward()
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.inference_mode()
def set_level(network: FaultNetwork, good: Vectors) -> None:
    """Shift its answers so that no more than ``FALSE_ALARMS`` of good photos get one above 0."""
    found = network(torch.from_numpy(good)).numpy()
    last = network[-1]
    last.bias -= torch.from_numpy(np.quantile(found, 1 - FALSE_ALARMS, axis=0).astype(np.float32))


def _good(faces: Faces, data: Path) -> Faces:
    with np.load(data / "faces.npz") as table:
        sharp = dict(
            zip(table["name"].tolist(), (table["eye_distance_px"] >= LEAST_EYES_PX).tolist(), strict=True)
        )
    return faces.part(np.array([sharp[name] for name in faces.names.tolist()]))


def _shown(crops: NDArray[np.uint8], times: int, random: np.random.Generator) -> Iterator[Picture]:
    for number in track(random.integers(len(crops), size=times), "looking", transient=True):
        yield crops[number]


def report(network: FaultNetwork, parts: dict[str, Seen]) -> Table:
    """The share of photos that get their outcome, or any, by what was done to them."""
    table = Table("", *parts, box=None)
    for name in CHANGES:
        row = []
        for seen in parts.values():
            with torch.inference_mode():
                above = network(torch.from_numpy(seen.vectors[seen.changes == name])).numpy() > 0
            row.append(f"{above.any(axis=1).mean():.3f} of {len(above)}" if len(above) else "-")
        table.add_row(name, *row)
    return table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="Training material."
)
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--shown", default=SHOWN, show_default=True, help="Photos to learn from.")
def main(folder: Path, data: Path, to: Path, shown: int) -> None:
    """Learn the fault network of the pack in a FOLDER, whose detector and embedder are asked."""
    try:
        pack = pack_in(folder)
        check_files(pack, folder)
        networks = load_network(folder / pack.detector.file), load_network(folder / pack.embedder.file)
    except PackError as error:
        raise click.ClickException(sentence(error, Place.TERMINAL)) from error
    random = np.random.default_rng(1)
    faces, press = parted(_good(read_faces(data), data))
    families: Pairs = read_pairs(data)
    learnt = see(_shown(faces.crops, shown, random), networks, pack, random)
    held_out = {
        "press photos": see(_shown(press.crops, shown // 4, random), networks, pack, random),
        "family photos": see(_shown(families.crops, shown // 6, random), networks, pack, random),
    }
    torch.manual_seed(1)
    network = learn(learnt, torch.Generator().manual_seed(1))
    good = held_out["press photos"]
    set_level(network, good.vectors[~good.labels.any(axis=1)])
    Console().print(report(network, held_out))
    size = pack.embedder.embedding_size
    form = Form(lambda: FaultNetwork(size), lambda written: written, (1, size), ["faults"])
    onnx.save(to_onnx(network, form), to)
    print(f'file = "{to.name}"\nsha256 = "{sha256_of(to)}"\nsize_bytes = {to.stat().st_size}')
    print(f"outcomes = {list(OUTCOMES)}".replace("'", '"'))


if __name__ == "__main__":
    main()
