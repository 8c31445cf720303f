"""Train the detector: ``python -m training.detector --data DIR --out DIR``."""

from dataclasses import dataclass

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from training.cells import corners, targets_of
from training.detection import evaluate_detector
from training.faces import read_faces
from training.geometry import Size
from training.networks import Detector, DetectorFile
from training.run import Run, run_options
from training.scenes import Scene, read_scenes
from training.torch_engine import TorchNetwork
from training.views import ViewMaker
from wsgi_app.vision.detect import STRIDES

BATCH = 32
VIEWS_IN_EPOCH = 6400
SIZE = Size(256, 256)
BOX_WEIGHT, LANDMARK_WEIGHT = 2.0, 5.0
BLUNT = 0.005  # of a face's size: below this, landmark errors count by their square
FOCUS = 2.0  # how much more the wrong cells count (quality focal loss, Li et al., 2020)


class Views(Dataset[tuple[Tensor, Tensor]]):
    """Views and what their cells are to say."""

    def __init__(self, maker: ViewMaker, seed: int, epoch: int):
        self._maker, self._seed, self._epoch = maker, seed, epoch

    def __len__(self) -> int:
        return VIEWS_IN_EPOCH

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """A picture float32 [3, height, width], BGR 0..1, and its targets [cells, 16]."""
        view = self._maker.view(SIZE, np.random.default_rng((self._seed, self._epoch, number)))
        pixels = np.ascontiguousarray(view.pixels[..., ::-1].transpose(2, 0, 1), np.float32)
        return torch.from_numpy(pixels).div_(255), torch.from_numpy(targets_of(view))


@dataclass(frozen=True)
class Said:
    """What the cells say, in px of the view.

    Attributes:
        certainties: [N, cells, 2], before the sigmoid.
        boxes: [N, cells, 4]: left, top, right, bottom.
        landmarks: [N, cells, 10].
    """

    certainties: Tensor
    boxes: Tensor
    landmarks: Tensor


def said(grids: list[Tensor], height: int, width: int) -> Said:
    """Bring a detector's outputs, [N, cells, 16] for each stride, to px."""
    certainties, boxes, landmarks = [], [], []
    for stride, grid in zip(STRIDES, grids, strict=True):
        corner = torch.from_numpy(corners(stride, height // stride, width // stride)).to(grid.device)
        outputs = grid.float()
        middle = outputs[..., 2:4] * stride + corner
        half = outputs[..., 4:6].clamp(-6, 6).exp() * stride / 2
        certainties.append(outputs[..., :2])
        boxes.append(torch.cat([middle - half, middle + half], dim=-1))
        landmarks.append(outputs[..., 6:] * stride + corner.repeat(1, 5))
    return Said(torch.cat(certainties, 1), torch.cat(boxes, 1), torch.cat(landmarks, 1))


class DetectorLesson(nn.Module):
    """Say where the faces are, how sure that is, and where their landmarks lie."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Detector()

    def losses(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Certainty, box and landmark losses, each for one cell that holds a face."""
        pictures, targets = batch
        pictures = pictures.to(memory_format=torch.channels_last)
        with torch.autocast(pictures.device.type, torch.bfloat16):
            grids = self.network(pictures)
        found = said(grids, pictures.shape[2], pictures.shape[3])
        holds, counts = targets[..., 0] > 0, targets[..., 1]
        number = holds.sum().clamp(min=1)
        boxes = targets[..., 2:6][holds]
        edges = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
        size = boxes[:, 2:].prod(1).sqrt()[:, None]
        alike = overlap(found.boxes[holds], edges)
        quality = torch.zeros_like(counts)
        quality[holds] = alike.detach().clamp(0, 1)
        landmarks = (found.landmarks[holds] - targets[..., 6:][holds]) / size
        certain = focal(found.certainties[..., 0], holds.float()) + focal(found.certainties[..., 1], quality)
        return {
            "certainty": (certain * counts).sum() / number,
            "box": BOX_WEIGHT * (1 - alike + middles_apart(found.boxes[holds], edges)).sum() / number,
            "landmarks": LANDMARK_WEIGHT
            * functional.smooth_l1_loss(landmarks, torch.zeros_like(landmarks), beta=BLUNT, reduction="sum")
            / number,
        }


def focal(certainties: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy of each cell, weighed by how wrong it is."""
    wrong = (certainties.sigmoid() - wanted).abs() ** FOCUS
    return wrong * functional.binary_cross_entropy_with_logits(certainties, wanted, reduction="none")


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes [N, 4] given by their edges."""
    least, most = torch.maximum(first[:, :2], second[:, :2]), torch.minimum(first[:, 2:], second[:, 2:])
    shared = (most - least).clamp(min=0).prod(1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (first, second)]
    return shared / (areas[0] + areas[1] - shared).clamp(min=1e-6)


def middles_apart(first: Tensor, second: Tensor) -> Tensor:
    """Distance of boxes' middles, as a share of the box around both (Zheng et al., 2020, "Distance-IoU")."""
    apart = (first[:, :2] + first[:, 2:] - second[:, :2] - second[:, 2:]).square().sum(1) / 4
    around = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    return apart / around.square().sum(1).clamp(min=1e-6)


class Examination:
    """How well the faces of held-out scenes are found."""

    def __init__(self, scenes: list[Scene]):
        self._scenes = scenes

    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Recall at precision 0.95 and landmark error, of faces over 40 px and of all."""
        engine = TorchNetwork(DetectorFile(network))
        return evaluate_detector(engine, self._scenes).summary()


@click.command()
@run_options(epochs=60, cooldown=12)
def main(run: Run) -> None:
    """Train the detector on scenes, and on faces pasted into scenes."""
    learnt, held_out = read_scenes(run.data)
    maker = ViewMaker(learnt, read_faces(run.data))
    run.learn(DetectorLesson(), lambda number: Views(maker, run.seed, number), BATCH, Examination(held_out))


if __name__ == "__main__":
    main()
