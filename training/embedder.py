"""Train the embedder: ``python -m training.embedder --data DIR --reference DIR --out DIR``."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from bench.verification import best_accuracy, true_accept_rate
from training.degradations import Jitter, covered, degraded, jittered
from training.faces import CROP_PX, FACE_PX, Faces, Pairs, centre, read_faces, read_pairs
from training.networks import EMBEDDING_SIZE, Embedder
from training.reference import ReferenceEmbedder
from training.run import Run, run_options

BATCH = 128
REFERENCE = "mobilefacenet.onnx"
MIXED_SHARE = 1.0  # so many mixtures for each face, since there are few faces
MIXED_ANEW = 8  # epochs after which other mixtures are made
COVERED = 0.06  # of the faces are partly hidden
RELATION_WEIGHT = 5.0
PEOPLE_WEIGHT = 0.02
SCALE, MARGIN = 30.0, 0.25  # of CosFace (Wang et al., 2018)

Item = tuple[Tensor, Tensor, int]


class Lessons(Dataset[Item]):
    """Faces as a door camera would show them, and the embedding that the reference gives the good photo."""

    def __init__(self, faces: Faces, seed: int, epoch: int):
        self._faces, self._seed, self._epoch = faces, seed, epoch

    def __len__(self) -> int:
        return len(self._faces.crops)

    def __getitem__(self, number: int) -> Item:
        """A face float32 [3, 112, 112] in -1..1, its target [128], and whose face it is (-1: unknown)."""
        random = np.random.default_rng((self._seed, self._epoch, number))
        crop = self._faces.crops[number]
        if random.random() < 0.5:
            crop = np.ascontiguousarray(crop[:, ::-1])
        crop = jittered(crop, FACE_PX, Jitter(), random)
        if random.random() < COVERED:
            crop = covered(crop, random)
        picture = degraded(crop, random)
        target = torch.from_numpy(self._faces.embeddings[number])
        return to_tensor(picture), target, int(self._faces.people[number])


class Mixtures(Dataset[tuple[NDArray[np.uint8], NDArray[np.float32]]]):
    """Faces that nobody has, each made of two, and what the reference makes of them."""

    def __init__(self, faces: Faces, reference: ReferenceEmbedder, seed: int):
        self._faces, self._reference, self._seed = faces, reference, seed

    def __len__(self) -> int:
        return int(len(self._faces.crops) * MIXED_SHARE)

    def __getitem__(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """A crop uint8 [128, 128, 3] and its embedding float32 [128]."""
        random = np.random.default_rng((self._seed, number))
        first, second = random.integers(len(self._faces.crops), size=2)
        crop = mixed(self._faces.crops[first], self._faces.crops[second], random)
        return crop, self._reference.embed(centre(crop, FACE_PX))


def with_mixtures(faces: Faces, mixtures: Mixtures, workers: int) -> Faces:
    """The faces, and mixtures of them."""
    made = DataLoader(mixtures, BATCH, num_workers=workers, collate_fn=list)
    found = [item for batch in tqdm(made, desc="mixing faces", unit="batch", disable=None) for item in batch]
    return Faces(
        np.concatenate([faces.crops, np.stack([crop for crop, _ in found])]),
        np.concatenate([faces.landmarks, np.zeros((len(found), 5, 2), np.float32)]),
        np.concatenate([faces.embeddings, np.stack([embedding for _, embedding in found])]),
        np.concatenate([faces.people, np.full(len(found), -1, np.int64)]),
    )


def mixed(
    first: NDArray[np.uint8], second: NDArray[np.uint8], random: np.random.Generator
) -> NDArray[np.uint8]:
    """A face made of two aligned ones: one shines through the other, or they share the picture softly."""
    if random.random() < 0.5:
        share: Any = random.uniform(0.3, 0.7)
    else:
        angle, place = random.uniform(0, 2 * np.pi), random.uniform(-0.3, 0.3)
        line = np.linspace(-1, 1, CROP_PX, dtype=np.float32)
        slope = line[None] * np.cos(angle) + line[:, None] * np.sin(angle) - place
        share = (1 / (1 + np.exp(-slope * 12)))[..., None]
    return np.asarray(first * share + second * (1 - share), np.uint8)


def to_tensor(picture: NDArray[np.uint8]) -> Tensor:
    """Pictures uint8 [..., height, width, 3] as the embedder takes them: [..., 3, height, width], -1..1."""
    return torch.from_numpy(np.moveaxis(picture, -1, -3).astype(np.float32)).sub_(127.5).div_(127.5)


class EmbedderLesson(nn.Module):
    """Be like the reference, face by face and between faces; and keep the people who are known apart."""

    def __init__(self, people: int):
        super().__init__()
        self.network = Embedder()
        self.people = nn.Parameter(torch.randn(people, EMBEDDING_SIZE) * 0.1)

    def losses(self, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        """Distance to the reference's embeddings, to its likenesses, and CosFace over the people."""
        faces, targets, people = batch
        faces = faces.to(memory_format=torch.channels_last)
        with torch.autocast(faces.device.type, torch.bfloat16):
            found = self.network(faces)
        vectors = functional.normalize(found.float())
        relation = (vectors @ vectors.T - targets @ targets.T).square().mean()
        return {
            "likeness": 1 - (vectors * targets).sum(1).mean(),
            "relation": RELATION_WEIGHT * relation,
            "people": PEOPLE_WEIGHT * self._apart(vectors[people >= 0], people[people >= 0]),
        }

    def _apart(self, vectors: Tensor, people: Tensor) -> Tensor:
        if not len(people):
            return vectors.sum() * 0
        cosines = vectors @ functional.normalize(self.people).T
        own = functional.one_hot(people, len(self.people))
        return functional.cross_entropy(SCALE * (cosines - MARGIN * own), people)


class Examination:
    """How well held-out people are told apart."""

    def __init__(self, pairs: Pairs, reference: ReferenceEmbedder):
        self._pairs = pairs
        faces = centre(pairs.crops, FACE_PX)
        self._faces = to_tensor(faces)
        self._targets = torch.from_numpy(np.stack([reference.embed(face) for face in faces]))

    @torch.inference_mode()
    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Cosine to the reference, accuracy and TAR on strangers."""
        device = next(network.parameters()).device
        vectors = torch.cat([network(part.to(device)).float().cpu() for part in self._faces.split(BATCH)])
        vectors = functional.normalize(vectors)
        scores = (vectors[self._pairs.first] * vectors[self._pairs.second]).sum(1).numpy()
        genuine = scores[self._pairs.kinds == "genuine"]
        strangers = scores[self._pairs.kinds == "stranger"]
        return {
            "cosine": float((vectors * self._targets).sum(1).mean()),
            "accuracy": best_accuracy(genuine, strangers),
            "tar_at_far_0.01": true_accept_rate(genuine, strangers, 0.01),
        }


@click.command()
@run_options(epochs=60, cooldown=8)
@click.option(
    "--reference",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help=f"Folder that holds {REFERENCE}.",
)
def main(run: Run, reference: Path) -> None:
    """Train the embedder on faces, with the reference network as teacher."""
    teacher = ReferenceEmbedder(reference / REFERENCE)
    faces = read_faces(run.data)
    examination = Examination(read_pairs(run.data), ReferenceEmbedder(reference / REFERENCE))

    @lru_cache(maxsize=1)
    def faces_of(term: int) -> Faces:
        return with_mixtures(faces, Mixtures(faces, teacher, run.seed * 1000 + term), run.workers)

    def lessons(number: int) -> Lessons:
        return Lessons(faces_of(number // MIXED_ANEW), run.seed, number)

    run.learn(EmbedderLesson(faces.number_of_people), lessons, BATCH, examination)


if __name__ == "__main__":
    main()
