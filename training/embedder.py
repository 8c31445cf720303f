"""Train the embedder: ``python -m training.embedder --data DIR --reference DIR --out DIR``."""

import signal
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.course import CHECKPOINT
from training.endless import EndlessCourse, Pace
from training.examination import Examination, HeldOut, Press
from training.faces import Faces, read_faces, read_pairs
from training.growth import grow
from training.mixtures import Maker, Mixer, Pool, Shown
from training.networks import EMBEDDING_SIZE, Embedder
from training.showing import Views, loader, to_tensor
from training.sources import parted, seen_more_than_once, weights_of
from training.teacher import Teacher, kept_embeddings, unit

TEACHER = "edgeface_xs.onnx"
RELATION_WEIGHT = 10.0
BANK = 4096  # faces of which the learner has to say how like each of them a view is
BANK_WEIGHT, BANK_SCALE = 0.1, 20.0
PEOPLE_WEIGHT = 0.02
GROWN_ON = 64  # batches
SCALE, MARGIN = 30.0, 0.25  # of CosFace (Wang et al., 2018)

Vectors = NDArray[np.float32]

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW_FOLDER = click.Path(path_type=Path, file_okay=False)


class EmbedderLesson(nn.Module):
    """Be like the teacher, face by face and between faces; and keep the people who are known apart."""

    def __init__(self, people: int, bank: Vectors):
        super().__init__()
        self.network = Embedder()
        self.people = nn.Parameter(torch.randn(people, EMBEDDING_SIZE) * 0.1)
        self.register_buffer("bank", torch.from_numpy(bank), persistent=False)

    def losses(self, batch: list[Tensor]) -> dict[str, Tensor]:
        """Distance to the teacher's embeddings and likenesses, and CosFace over the people.

        The batch is of pictures uint8 [B, 112, 112, 3], the teacher's embeddings [B, 192], and people [B].
        """
        pictures, targets, people = batch
        faces = to_tensor(pictures).contiguous(memory_format=torch.channels_last)
        with torch.autocast(faces.device.type, torch.bfloat16):
            found = self.network(faces)
        vectors = functional.normalize(found.float())
        relation = (vectors @ vectors.T - targets @ targets.T).square().mean()
        known = people >= 0
        return {
            "likeness": 1 - (vectors * targets).sum(1).mean(),
            "relation": RELATION_WEIGHT * relation,
            "bank": BANK_WEIGHT * self._surprise(vectors, targets),
            "people": PEOPLE_WEIGHT * self._apart(vectors[known], people[known]),
        }

    def _surprise(self, vectors: Tensor, targets: Tensor) -> Tensor:
        """How far the shares of likeness to many faces, and to the batch's own targets, are the teacher's."""
        chosen = torch.randint(len(self.bank), (BANK,), device=vectors.device)
        beside = torch.cat([targets, self.bank[chosen]])
        wanted = (BANK_SCALE * targets @ beside.T).softmax(1)
        found = (BANK_SCALE * vectors @ beside.T).log_softmax(1)
        return functional.kl_div(found, wanted, reduction="batchmean")

    def _apart(self, vectors: Tensor, people: Tensor) -> Tensor:
        if not len(people):
            return vectors.sum() * 0
        cosines = vectors @ functional.normalize(self.people).T
        own = functional.one_hot(people, len(self.people))
        return functional.cross_entropy(SCALE * (cosines - MARGIN * own), people)


def basis_of(embeddings: Vectors, size: int) -> Vectors:
    """The directions [from, size] that keep the most of the embeddings' likenesses: their principal axes."""
    _, axes = np.linalg.eigh(embeddings.T.astype(np.float64) @ embeddings)
    return np.ascontiguousarray(axes[:, ::-1][:, :size], np.float32)


def asked(teacher: Teacher, faces: Faces, folder: Path) -> Vectors:
    """What the teacher says of faces; kept in the folder, under a name that belongs to these very faces."""
    mark = zlib.crc32("\n".join(faces.names.tolist()).encode())
    return kept_embeddings(teacher, faces.crops, folder / f"{mark:08x}.npy")


@dataclass(frozen=True)
class Wish:
    """What the command line asks for, besides folders; see its help."""

    kept: Path | None
    batch: int
    every: int
    views: int | None
    cooldown: int | None
    pool: int
    duty: float
    grown_from: Path | None
    workers: int
    threads: int
    seed: int


@click.command()
@click.option("--data", type=_FOLDER, required=True, help="Folder of the training material.")
@click.option("--reference", type=_FOLDER, required=True, help=f"Folder that holds {TEACHER}.")
@click.option("--out", type=_NEW_FOLDER, required=True, help="Folder of the run.")
@click.option("--kept", type=_NEW_FOLDER, help="Folder of the teacher's answers, if not in the run's.")
@click.option("--batch", default=128, show_default=True)
@click.option("--every", default=100_000, show_default=True, help="So many views between examinations.")
@click.option("--views", type=int, help="Stop after so many, all earlier ones counted.")
@click.option("--cooldown", type=int, help="Anneal the last checkpoint over so many views, and stop.")
@click.option("--pool", default=80_000, show_default=True, help="Mixtures held at a time.")
@click.option("--duty", default=0.25, show_default=True, help="Share of the time that mixtures are made in.")
@click.option("--grown-from", type=_FILE, help="Smaller embedder, whose weights a new run begins with.")
@click.option("--workers", default=1, show_default=True, help="Processes that prepare pictures.")
@click.option("--threads", default=2, show_default=True, help="Of the learner.")
@click.option("--seed", default=1, show_default=True)
def main(data: Path, reference: Path, out: Path, **rest: Any) -> None:
    """Train the embedder on faces, with a better network as teacher."""
    wish = Wish(**rest)
    torch.set_num_threads(wish.threads)
    torch.manual_seed(wish.seed)
    cv2.setNumThreads(0)
    teacher = Teacher(reference / TEACHER, wish.threads)
    faces, press = parted(read_faces(data))
    examination = Examination({"fiw": HeldOut(read_pairs(data)), "press": Press(press)})
    kept = wish.kept or out / "teacher"
    kept.mkdir(parents=True, exist_ok=True)
    embeddings = asked(teacher, faces, kept)
    basis = basis_of(embeddings, EMBEDDING_SIZE)
    shown = Shown(faces.crops, unit(embeddings @ basis), seen_more_than_once(faces.people), weights_of(faces))
    pool = Pool(out / "pool", wish.pool, EMBEDDING_SIZE)
    course = _course(shown, pool, out, wish)
    maker = Maker(pool, Mixer(shown), Teacher(reference / TEACHER), basis).start(wish.seed, wish.duty)
    batches = loader(Views(shown, pool, wish.batch, [wish.seed, course.step]), wish.workers)
    before = signal.signal(signal.SIGTERM, lambda *_: course.stop())  # the processes above end of themselves
    try:
        course.run(batches, examination, wish.every, wish.views)
    finally:
        signal.signal(signal.SIGTERM, before)
        maker.terminate()


def _course(shown: Shown, pool: Pool, out: Path, wish: Wish) -> EndlessCourse:
    """The run's course, where it stopped if it was begun before."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    lesson = EmbedderLesson(int(shown.people.max()) + 1, shown.targets)
    if wish.grown_from and not (out / CHECKPOINT).is_file():
        views = Views(shown, pool, wish.batch, [wish.seed])
        grow(lesson.network, wish.grown_from, list(islice(views, GROWN_ON)))
    lesson.to(device, memory_format=torch.channels_last)
    course = EndlessCourse(lesson, Pace(), out, device)
    if wish.cooldown is not None:
        course.cool_down(wish.cooldown // wish.batch)
    else:
        course.resume()
    if course.step:
        print(f"Going on after {course.views:,} views.", flush=True)
    return course


if __name__ == "__main__":
    main()
