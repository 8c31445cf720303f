"""The networks: dense convolutions at low resolution, which ordinary processors are good at."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.faces import FACE_PX
from wsgi_app.vision.detect import STRIDES

EMBEDDING_SIZE = 192  # EdgeFace-XS gives 512 numbers, but says no more with them


class Convolution(nn.Sequential):
    """Convolution, batch normalisation, and ReLU unless ``linear``."""

    def __init__(self, channels: tuple[int, int], *, size: int = 3, stride: int = 1, linear: bool = False):
        layers: list[nn.Module] = [
            nn.Conv2d(*channels, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(channels[1]),
        ]
        super().__init__(*layers, *([] if linear else [nn.ReLU(inplace=True)]))


class Attention(nn.Module):
    """Each channel louder or softer, after what all show on average (Hu et al., 2018)."""

    def __init__(self, channels: int):
        super().__init__()
        self.narrow = nn.Linear(channels, channels // 8)
        self.widen = nn.Linear(channels // 8, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        shares = self.widen(torch.relu(self.narrow(features.mean((2, 3))))).sigmoid()
        return torch.as_tensor(features * shares[:, :, None, None])


class Residual(nn.Module):
    """Two convolutions around which the input goes by (He et al., "Deep Residual Learning", 2015)."""

    def __init__(self, channels: int, *, attentive: bool = False):
        super().__init__()
        self.body = nn.Sequential(
            Convolution((channels, channels)), Convolution((channels, channels), linear=True)
        )
        nn.init.zeros_(self.body[1][1].weight)
        if attentive:
            self.body.append(Attention(channels))
        self.end = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        return torch.as_tensor(self.end(features + self.body(features)))


def trunk(channels: Sequence[int], residuals: Sequence[int], attentive: int = 0) -> nn.Sequential:
    """Stages that each halve the picture: one strided convolution, then so many residual pairs.

    The pairs of the last ``attentive`` stages have ``Attention``.
    """
    layers: list[nn.Module] = []
    before = 3
    for stage, (width, pairs) in enumerate(zip(channels, residuals, strict=True)):
        layers.append(Convolution((before, width), stride=2))
        layers.extend(Residual(width, attentive=stage >= len(channels) - attentive) for _ in range(pairs))
        before = width
    return nn.Sequential(*layers)


class Embedder(nn.Module):
    """An aligned face, float32 [N, 3, 112, 112] RGB in -1..1, to an embedding [N, 192].

    The end is MobileFaceNet's (Chen et al., 2018): each channel's 7x7 weighs its own places.
    """

    def __init__(
        self,
        channels: Sequence[int] = (32, 48, 96, 240),
        residuals: Sequence[int] = (0, 1, 3, 2),
        attentive: int = 2,
    ):
        super().__init__()
        width = channels[-1]
        self.trunk = trunk(channels, residuals, attentive)
        self.head = nn.Sequential(
            nn.Conv2d(width, width, FACE_PX // 16, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.Flatten(),
            nn.Linear(width, EMBEDDING_SIZE, bias=False),
            nn.BatchNorm1d(EMBEDDING_SIZE),
        )

    def forward(self, faces: Tensor) -> Tensor:
        """Embeddings, not yet of unit length."""
        return torch.as_tensor(self.head(self.trunk(faces)))


HEAD = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}  # YuNet's outputs, numbers for each cell
RARE = -4.0  # what the certainties begin with: most cells hold no face


class Detector(nn.Module):
    """A picture, float32 [N, 3, height, width] BGR 0..1, sides multiples of 32, to faces in YuNet's form.

    Three grids with cells of 8, 16 and 32 px, each seeing what the coarser ones saw (feature pyramid, Lin et
    al., 2017), each with one small head. A cell tells, in units of its own side and from its own corner:
    the box's middle, the logarithms of its width and height, and five landmarks.
    """

    def __init__(self, channels: Sequence[int] = (16, 24, 40, 64, 96), width: int = 32):
        super().__init__()
        self.stem = trunk(channels[:2], (0, 0))
        before = channels[1]
        self.stages, self.laterals = nn.ModuleList(), nn.ModuleList()
        for stage in channels[2:]:
            self.stages.append(nn.Sequential(Convolution((before, stage), stride=2), Residual(stage)))
            self.laterals.append(Convolution((stage, width), size=1, linear=True))
            before = stage
        self.smooth = nn.ModuleList(Convolution((width, width)) for _ in STRIDES)
        self.heads = nn.ModuleList(nn.Conv2d(width, sum(HEAD.values()), 1) for _ in STRIDES)
        for head in self.heads:
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
            nn.init.constant_(head.bias[:2], RARE)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """For each stride [N, cells, 16]: two certainties before the sigmoid, box, landmarks."""
        features, lateral = self.stem(pictures), []
        for stage, narrow in zip(self.stages, self.laterals, strict=True):
            features = stage(features)
            lateral.append(narrow(features))
        seen = lateral[-1]
        pyramid = [seen]
        for finer in reversed(lateral[:-1]):
            seen = finer + nn.functional.interpolate(seen, scale_factor=2.0)
            pyramid.insert(0, seen)
        grids = (
            head(smooth(grid)) for head, smooth, grid in zip(self.heads, self.smooth, pyramid, strict=True)
        )
        return [grid.flatten(2).transpose(1, 2) for grid in grids]


class DetectorFile(nn.Module):
    """The detector as the file holds it: BGR 0..255 in, YuNet's twelve named outputs out."""

    def __init__(self, detector: Detector):
        super().__init__()
        self.detector = detector

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """``cls``, ``obj``, ``bbox`` and ``kps``, each for the strides 8, 16 and 32."""
        parts = [grid.split(list(HEAD.values()), dim=2) for grid in self.detector(pictures / 255)]
        kinds = zip(*parts, strict=True)
        return tuple(
            part.sigmoid() if name in ("cls", "obj") else part
            for name, kind in zip(HEAD, kinds, strict=True)
            for part in kind
        )


class NoseNetwork(nn.Module):
    """A whole picture, float32 [N, 3, 112, 112] RGB 0..1, to the nose's (x, y) as fractions, [N, 2].

    Every place of a 14x14 grid says how likely the nose is there, and the answer is their weighted mean
    ("soft-argmax", Levine et al., 2015).
    """

    def __init__(self, channels: Sequence[int] = (16, 32, 64, 96)):
        super().__init__()
        *fine, coarse = channels
        self.fine = trunk(fine, (0, 1, 1))
        self.coarse = nn.Sequential(Convolution((fine[-1], coarse), stride=2), Residual(coarse))
        self.narrow = nn.Conv2d(coarse, fine[-1], 1)
        self.place = nn.Sequential(Convolution((fine[-1], fine[-1])), nn.Conv2d(fine[-1], 1, 1))
        side = FACE_PX // 8
        centres = (torch.arange(side) + 0.5) / side
        self.register_buffer("x", centres.repeat(side))
        self.register_buffer("y", centres.repeat_interleave(side))

    def forward(self, pictures: Tensor) -> Tensor:
        """Where the nose is."""
        fine = self.fine(pictures)
        coarse = nn.functional.interpolate(self.narrow(self.coarse(fine)), scale_factor=2.0)
        likely = self.place(torch.relu(fine + coarse)).flatten(1).float().softmax(1)
        return torch.stack([(likely * self.x).sum(1), (likely * self.y).sum(1)], dim=1)
