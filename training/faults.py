"""Learn to see what is wrong with an aligned face: ``python -m training.faults --data DIR --to FILE``.

An embedder answers alike to photos that lack the same thing, whoever they show: squeezed ones, masked ones,
noisy ones. Landmarks do not tell: the detector bends them to what a face usually is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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

from training.degradations import Jitter, Picture, degraded, jittered
from training.export import Form, to_onnx
from training.faces import FACE_PX, Faces, read_faces, read_pairs
from training.networks import Convolution
from training.showing import to_tensor
from training.sources import parted
from training.spoiling import RIGHT, WRONG
from wsgi_app.vision.packs import sha256_of

OUTCOMES = ("distorted", "obscured", "blurred")
LEAST_EYES_PX = 45  # in the photo that a face is cut from: fewer are blurred as they are
FALSE_ALARMS = 0.004  # of good photos, for each outcome
BATCHES, AT_ONCE, RATE = 12_000, 128, 3e-3
EXAMINED = 40  # batches
GOOD = 0.45  # of what is shown
JITTER = Jitter(shift_px=2.5, turn_degrees=6.0, scale=0.05)


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
    network = FaultNetwork().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, batches)
    shown = iter(DataLoader(Shown(crops, 1), None, num_workers=workers))
    for _ in track(range(batches), "learning", transient=True):
        pictures, labels, _ = next(shown)
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            answers = network(to_tensor(pictures).contiguous(memory_format=torch.channels_last))
        functional.binary_cross_entropy_with_logits(answers.float(), labels).backward()
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
