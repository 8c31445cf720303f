"""How well people who are in no training material are told apart."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from bench.verification import best_accuracy, threshold_at
from training.faces import FACE_PX, NOBODY, Faces, Pairs, centre
from training.showing import to_tensor

RATES = {"2": 1e-2, "3": 1e-3, "4": 1e-4}  # false-accept rates, by the power of ten
AT_ONCE = 128

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The held-out families: the measure of ``training.evaluate``."""

    pairs: Pairs

    @property
    def crops(self) -> NDArray[np.uint8]:
        """uint8 [N, 128, 128, 3]."""
        return self.pairs.crops

    def figures(self, vectors: Vectors) -> dict[str, float]:
        """Accuracy on strangers, and TAR where that share of all cross-family pairs passes."""
        pairs = self.pairs
        first, second = np.triu_indices(len(vectors), 1)
        apart = pairs.families[first] != pairs.families[second]
        impostors = (vectors @ vectors.T)[first[apart], second[apart]]
        scores = (vectors[pairs.first] * vectors[pairs.second]).sum(1)
        genuine = scores[pairs.kinds == "genuine"]
        relatives = scores[pairs.kinds == "relative"]
        return {
            "accuracy": best_accuracy(genuine, scores[pairs.kinds == "stranger"]),
            **_rates(genuine, impostors),
            "relatives": float(np.mean(relatives >= threshold_at(impostors, RATES["3"]))),
        }


@dataclass(frozen=True, eq=False)
class Press:
    """Faces of press and portrait photos, their people named or guessed by likeness."""

    faces: Faces

    @property
    def crops(self) -> NDArray[np.uint8]:
        """uint8 [N, 128, 128, 3]."""
        return self.faces.crops

    def figures(self, vectors: Vectors) -> dict[str, float]:
        """TAR where that share of all pairs of different people passes; nothing where there are no pairs."""
        first, second = np.triu_indices(len(vectors), 1)
        people, groups = self.faces.people, self.faces.clusters
        same = (people[first] == people[second]) & (people[first] != NOBODY)
        apart = ~same & (groups[first] != groups[second])  # named otherwise, yet alike: nobody knows
        if not same.any() or not apart.any():
            return {}
        scores = (vectors @ vectors.T)[first, second]
        return _rates(scores[same], scores[apart])


def _rates(genuine: Vectors, impostors: Vectors) -> dict[str, float]:
    return {f"tar{n}": float(np.mean(genuine >= threshold_at(impostors, rate))) for n, rate in RATES.items()}


class Examination:
    """All of them in turn."""

    def __init__(self, parts: dict[str, HeldOut | Press]):
        self._parts = parts
        self._faces = {
            name: to_tensor(torch.from_numpy(centre(part.crops, FACE_PX))) for name, part in parts.items()
        }

    @torch.inference_mode()
    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Figures by name, as ``fiw.tar3``."""
        network.eval()
        device = next(network.parameters()).device
        figures: dict[str, float] = {}
        for name, part in self._parts.items():
            batches = self._faces[name].split(AT_ONCE)
            found = [
                network(batch.to(device, memory_format=torch.channels_last)).float().cpu()
                for batch in batches
            ]
            vectors = functional.normalize(torch.cat(found)).numpy()
            figures |= {f"{name}.{figure}": value for figure, value in part.figures(vectors).items()}
        return figures
