"""Train the embedder: ``python -m training.embedder --data DIR --reference DIR --out DIR``."""

import zlib
from pathlib import Path

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.endless import EndlessCourse, Pace
from training.examination import Examination, HeldOut, Press
from training.faces import read_pairs
from training.mixtures import Maker, Mixer, Pool
from training.networks import EMBEDDING_SIZE, Embedder
from training.showing import Views, loader, to_tensor
from training.sources import Material, read_material
from training.teacher import Teacher, kept_embeddings, unit

TEACHER = "edgeface_xs.onnx"
RELATION_WEIGHT = 10.0
BANK = 4096  # faces of which the learner has to say how like each of them a view is
BANK_WEIGHT, BANK_SCALE = 0.1, 20.0
PEOPLE_WEIGHT = 0.02
SCALE, MARGIN = 30.0, 0.25  # of CosFace (Wang et al., 2018)

Vectors = NDArray[np.float32]


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


def asked(teacher: Teacher, material: Material, folder: Path) -> Vectors:
    """What the teacher says of faces; kept in the folder, under a name that belongs to these very faces."""
    mark = zlib.crc32("\n".join(material.names.tolist()).encode())
    return kept_embeddings(teacher, material.crops, folder / f"{mark:08x}.npy")


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option(
    "--reference",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help=f"Folder that holds {TEACHER}.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--kept", type=click.Path(path_type=Path, file_okay=False), help="Of the teacher's answers.")
@click.option("--batch", default=256, show_default=True)
@click.option("--every", default=100_000, show_default=True, help="So many views between examinations.")
@click.option("--views", type=int, help="Stop after so many, all earlier ones counted.")
@click.option("--cooldown", type=int, help="Anneal the last checkpoint over so many views, and stop.")
@click.option("--pool", default=80_000, show_default=True, help="Mixtures held at a time.")
@click.option("--duty", default=0.25, show_default=True, help="Share of the time that mixtures are made in.")
@click.option("--workers", default=1, show_default=True, help="Processes that prepare pictures.")
@click.option("--threads", default=2, show_default=True, help="Of the learner.")
@click.option("--seed", default=1, show_default=True)
def main(
    data: Path,
    reference: Path,
    out: Path,
    kept: Path | None,
    batch: int,
    every: int,
    views: int | None,
    cooldown: int | None,
    pool: int,
    duty: float,
    workers: int,
    threads: int,
    seed: int,
) -> None:
    """Train the embedder on faces, with a better network as teacher."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    cv2.setNumThreads(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kept = kept or out / "teacher"
    kept.mkdir(parents=True, exist_ok=True)
    faces, press = read_material(data)
    pairs = read_pairs(data)
    teacher = Teacher(reference / TEACHER, threads)
    embeddings = asked(teacher, faces, kept)
    basis = basis_of(embeddings, EMBEDDING_SIZE)
    targets = unit(embeddings @ basis)
    examination = Examination(
        {
            "fiw": HeldOut(pairs),
            "press": Press(press),
        }
    )
    lesson = EmbedderLesson(faces.number_of_people, targets)
    lesson.to(device, memory_format=torch.channels_last)
    course = EndlessCourse(lesson, Pace(), out, device)
    if cooldown is not None:
        course.cool_down(cooldown // batch)
    else:
        course.resume()
    if course.step:
        print(f"Going on after {course.views:,} views.", flush=True)
    mixtures = Pool(out / "pool", pool, EMBEDDING_SIZE)
    mixer = Mixer(faces, targets)
    maker = Maker(mixtures, mixer, Teacher(reference / TEACHER), basis).start(seed, duty)
    shown = Views(faces, targets.astype(np.float16), mixtures, batch, [seed, course.step])
    try:
        course.run(loader(shown, workers), examination, every, views)
    finally:
        maker.terminate()


if __name__ == "__main__":
    main()
