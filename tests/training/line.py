"""The smallest thing that a course can teach: to multiply by a number."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

CPU = torch.device("cpu")
SLOPE = 3.0


class Line:
    """Learns to multiply by ``SLOPE``."""

    def __init__(self) -> None:
        self.network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.network.weight)

    def parameters(self) -> Iterable[Any]:
        return [self.network.weight]

    def state_dict(self) -> dict[str, Any]:
        return dict(self.network.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.network.load_state_dict(state)

    def train(self) -> None:
        self.network.train()

    def losses(self, batch: Any) -> dict[str, Tensor]:
        given, wanted = batch
        return {"square": (self.network(given) - wanted).square().mean()}


def measure(network: nn.Module) -> dict[str, float]:
    assert not network.training
    return {"slope": weight(network)}


def weight(network: nn.Module) -> float:
    return float(network.weight.detach())
