"""Train the nose network: ``python -m training.nose --data DIR --out DIR``."""

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from training.faces import FACE_PX, read_faces
from training.geometry import Size
from training.networks import NoseNetwork
from training.pointing import diagonal_errors, nose_of
from training.run import Run, run_options
from training.scenes import Scene, read_scenes
from training.views import ViewMaker
from wsgi_app.vision.nose import squeezed

BATCH = 128
VIEWS_IN_EPOCH = 12_800
SIZES = tuple(Size(*sides, least_face=18) for sides in ((160, 120), (192, 108), (120, 160), (144, 144)))
BLUNT = 0.02  # of the picture: below this, errors count by their square


class Views(Dataset[tuple[Tensor, Tensor]]):
    """Views with one main face, squeezed into a square, and where its nose is."""

    def __init__(self, maker: ViewMaker, seed: int, epoch: int):
        self._maker, self._seed, self._epoch = maker, seed, epoch

    def __len__(self) -> int:
        return VIEWS_IN_EPOCH

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """A picture float32 [3, 112, 112], RGB 0..1, and the nose as fractions [2]."""
        random = np.random.default_rng((self._seed, self._epoch, number))
        while True:
            view = self._maker.view(SIZES[random.integers(len(SIZES))], random)
            nose = nose_of(view)
            if nose is not None and ((nose > 0) & (nose < 1)).all():
                return to_tensor(view.pixels), torch.from_numpy(nose)


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """A picture as the network takes it, float32 [3, 112, 112]."""
    return torch.from_numpy(squeezed(pixels, FACE_PX, "rgb")[0])


class NoseLesson(nn.Module):
    """Point at the nose."""

    def __init__(self) -> None:
        super().__init__()
        self.network = NoseNetwork()

    def losses(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Distance across and down, as a share of the picture's sides, in hundredths."""
        pictures, noses = batch
        pictures = pictures.to(memory_format=torch.channels_last)
        with torch.autocast(pictures.device.type, torch.bfloat16):
            found = self.network(pictures)
        return {"distance": 100 * nn.functional.smooth_l1_loss(found.float(), noses, beta=BLUNT)}


class Examination:
    """How far off the nose is in held-out pictures with one main face."""

    def __init__(self, scenes: list[Scene]):
        noses = [(scene, nose) for scene in scenes if (nose := nose_of(scene)) is not None]
        self._pictures = torch.stack([to_tensor(scene.pixels) for scene, _ in noses])
        self._noses = np.stack([nose for _, nose in noses])
        self._sides = np.array([scene.pixels.shape[1::-1] for scene, _ in noses])

    @torch.inference_mode()
    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Median and 90th percentile of the error, in per cent of the picture's diagonal."""
        device = next(network.parameters()).device
        found = torch.cat([network(part.to(device)).float().cpu() for part in self._pictures.split(BATCH)])
        errors = diagonal_errors(found.numpy(), self._noses, self._sides)
        return {"median_error": float(np.median(errors)), "error_of_90": float(np.quantile(errors, 0.9))}


@click.command()
@run_options(epochs=40, cooldown=10)
def main(run: Run) -> None:
    """Train the nose network on whole pictures with one main face."""
    learnt, held_out = read_scenes(run.data)
    maker = ViewMaker(learnt, read_faces(run.data))
    run.learn(NoseLesson(), lambda number: Views(maker, run.seed, number), BATCH, Examination(held_out))


if __name__ == "__main__":
    main()
