"""The course of a training run: epochs, checkpoints that resume, evaluation, curves."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import matplotlib as mpl
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

mpl.use("Agg")
from matplotlib import pyplot as plt

CHECKPOINT = "checkpoint.pt"
# The last checkpoint at full learning rate: a longer run goes on from it better than from a cooled-down one.
BEFORE_COOLDOWN = "before-cooldown.pt"
HISTORY = "history.json"
CURVES = "curves.png"


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn.

    Attributes:
        epochs: in all, those of earlier runs counted.
        cooldown: of these the last ones, over which the learning rate falls to nothing.
        learning_rate: of AdamW, between warm-up and cool-down.
        weight_decay: likewise.
        warmup_steps: over which the learning rate rises.
        averaging: share of the old weights in the moving average that is evaluated and kept.
    """

    epochs: int
    cooldown: int
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup_steps: int = 300
    averaging: float = 0.999

    def rate(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate at a step, as a share of ``learning_rate``."""
        left = self.epochs * steps_per_epoch - step
        return max(
            0.0, min(1.0, (step + 1) / self.warmup_steps, left / max(1, self.cooldown * steps_per_epoch))
        )


class Lesson(Protocol):
    """What is learnt."""

    network: nn.Module

    def parameters(self) -> Iterable[nn.Parameter]:
        """All that is adjusted: the network's, and what only training needs."""

    def state_dict(self) -> dict[str, Any]:
        """Everything a checkpoint keeps of it."""

    def load_state_dict(self, state: Mapping[str, Any]) -> Any:
        """The opposite."""

    def train(self) -> Any:
        """Make ready to learn."""

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """What is to be made small, in parts whose sum counts."""


class Course:
    """One run, in a folder of its own; begun again there, it goes on where it stopped."""

    def __init__(self, lesson: Lesson, plan: Plan, folder: Path, device: torch.device):
        self._lesson, self._plan, self._folder, self._device = lesson, plan, folder, device
        self._optimizer = torch.optim.AdamW(
            lesson.parameters(), plan.learning_rate, weight_decay=plan.weight_decay
        )
        self._average = AveragedModel(
            lesson.network, multi_avg_fn=moving_average(plan.averaging), use_buffers=True
        )
        self.epoch = 0
        self.history: list[dict[str, float]] = []
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def network(self) -> nn.Module:
        """The averaged network, ready to be asked."""
        return self._average.module.eval()

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one; for a longer run from before the cool-down."""
        path = self._folder / CHECKPOINT
        before = self._folder / BEFORE_COOLDOWN
        if not path.is_file():
            return False
        state = torch.load(path, map_location=self._device, weights_only=True)
        if state["epochs"] < self._plan.epochs and before.is_file():
            state = torch.load(before, map_location=self._device, weights_only=True)
        self._lesson.load_state_dict(state["lesson"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.history = state["epoch"], state["history"]
        return True

    def run(
        self, batches: Callable[[int], "Epoch"], evaluate: Callable[[nn.Module], dict[str, float]]
    ) -> None:
        """Learn through all epochs; each ends with an evaluation, a checkpoint and new curves."""
        while self.epoch < self._plan.epochs:
            losses = self._learn(batches(self.epoch))
            self.epoch += 1
            measured = {"epoch": float(self.epoch), **losses, **evaluate(self.network)}
            self.history.append(measured)
            print("  ".join(f"{name} {value:.4g}" for name, value in measured.items()), flush=True)
            self._save(CHECKPOINT)
            if self.epoch <= self._plan.epochs - self._plan.cooldown:
                self._save(BEFORE_COOLDOWN)
            draw_curves(self.history, "epoch", self._folder / CURVES)

    def _learn(self, epoch: "Epoch") -> dict[str, float]:
        self._lesson.train()
        sums: dict[str, float] = {}
        progress = tqdm(
            epoch.batches, total=epoch.steps, desc=f"epoch {self.epoch + 1}/{self._plan.epochs}", disable=None
        )
        for number, batch in enumerate(progress):
            share = self._plan.rate(self.epoch * epoch.steps + number, epoch.steps)
            for group in self._optimizer.param_groups:
                group["lr"] = self._plan.learning_rate * share
            losses = self._lesson.losses(_moved(batch, self._device))
            loss = torch.stack(list(losses.values())).sum()
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"The loss became {loss.item()}; use a lower learning rate.")
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._average.update_parameters(self._lesson.network)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value.item()
            progress.set_postfix(loss=f"{loss.item():.3f}")
        return {name: total / epoch.steps for name, total in sums.items()}

    def _save(self, name: str) -> None:
        state = {
            "lesson": self._lesson.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "epoch": self.epoch,
            "epochs": self._plan.epochs,
            "history": self.history,
        }
        partial = self._folder / f"{name}.part"
        torch.save(state, partial)
        partial.replace(self._folder / name)
        (self._folder / HISTORY).write_text(json.dumps(self.history, indent=1), encoding="utf-8")


def draw_curves(history: Sequence[Mapping[str, float]], along: str, path: Path) -> None:
    """A picture of every figure of a history, one below the other, along one of them."""
    names = [name for name in history[-1] if name != along]
    figure, axes = plt.subplots(len(names), 1, figsize=(8, 2.2 * len(names)), sharex=True, squeeze=False)
    places = [entry[along] for entry in history]
    for axis, name in zip(axes[:, 0], names, strict=True):
        axis.plot(places, [entry.get(name, math.nan) for entry in history])
        axis.set_ylabel(name)
        axis.grid(alpha=0.3)
    axes[-1, 0].set_xlabel(along)
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def moving_average(share: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    """An update for ``AveragedModel``: the old average counts by its share, at the beginning by less."""

    @torch.no_grad()
    def update(averages: list[Tensor], current: list[Tensor], seen: Tensor | int) -> None:
        fresh = 1 - min(share, (1 + float(seen)) / (10 + float(seen)))
        for average, now in zip(averages, current, strict=True):
            if average.is_floating_point():
                average.lerp_(now, fresh)
            else:  # batches counted
                average.copy_(now)

    return update


def averaged_network(checkpoint: Path, network: nn.Module) -> nn.Module:
    """A network with the averaged weights of a checkpoint, ready to be asked."""
    average = AveragedModel(network, use_buffers=True)
    average.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    return average.module.eval()


@dataclass(frozen=True)
class Epoch:
    """The batches of one epoch, and how many they are."""

    batches: Iterable[Any]
    steps: int


def _moved(batch: Any, device: torch.device) -> Any:
    return [part.to(device, non_blocking=True) for part in batch]
