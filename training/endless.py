"""A training run that need not know its end: a constant step, and a cool-down from any checkpoint."""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from training.course import CHECKPOINT, CURVES, HISTORY, Lesson, draw_curves, moving_average

COOLED = "cooled"  # the folder beside a checkpoint in which it is cooled down
BETWEEN_SAVES_S = 420


@dataclass(frozen=True)
class Pace:
    """How fast to learn; all but the learning rate in steps.

    Attributes:
        learning_rate: of AdamW, after warm-up.
        weight_decay: of what is multiplied; biases and scales are left alone.
        warmup: over which the learning rate rises.
        settling: from here on it falls with the root of the step.
        averaging: share of the old weights in the moving average that is examined and kept.
        cooled_averaging: the same during a cool-down.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: int = 500
    settling: int = 60_000
    averaging: float = 0.9995
    cooled_averaging: float = 0.998

    def rate(self, step: int) -> float:
        """The learning rate at a step."""
        return self.learning_rate * min(1.0, (step + 1) / self.warmup, math.sqrt(self.settling / (step + 1)))


@dataclass(frozen=True)
class Cooldown:
    """From which step on, and over how many steps, the learning rate falls to nothing."""

    start: int
    steps: int

    def share(self, step: int) -> float:
        """Of the learning rate, at a step."""
        return max(0.0, 1 - (step - self.start) / self.steps)


class EndlessCourse:
    """One run, in a folder of its own; begun again there, it goes on where it stopped."""

    def __init__(self, lesson: Lesson, pace: Pace, folder: Path, device: torch.device):
        self._lesson, self._pace, self._folder, self._device = lesson, pace, folder, device
        many = [weights for weights in lesson.parameters() if weights.ndim > 1]
        few = [weights for weights in lesson.parameters() if weights.ndim <= 1]
        self._optimizer = torch.optim.AdamW(
            [{"params": many}, {"params": few, "weight_decay": 0.0}],
            pace.learning_rate,
            weight_decay=pace.weight_decay,
        )
        self._cooldown: Cooldown | None = None
        self._average = self._averaged(pace.averaging)
        self.step, self.views, self.elapsed_s = 0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self._stopping = False
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def network(self) -> nn.Module:
        """The averaged network, ready to be asked."""
        return self._average.module.eval()

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one."""
        return self._load(self._folder / CHECKPOINT)

    def cool_down(self, steps: int) -> None:
        """Go on with a falling step from the checkpoint, in a folder of its own inside the run's.

        Raises:
            FileNotFoundError: there is no checkpoint.
        """
        before, self._folder = self._folder, self._folder / COOLED
        self._folder.mkdir(exist_ok=True)
        if not self._load(self._folder / CHECKPOINT):
            if not self._load(before / CHECKPOINT):
                raise FileNotFoundError(f"{before} holds no checkpoint.")
            self._cooldown = Cooldown(self.step, steps)
        self._average.multi_avg_fn = moving_average(self._pace.cooled_averaging)

    def run(
        self,
        batches: Iterator[Any],
        examine: Callable[[nn.Module], dict[str, float]],
        every: int,
        until: int | None = None,
    ) -> None:
        """Learn and examine, each time after so many views; to the end of a cool-down, or for ever."""
        began, saved = time.monotonic() - self.elapsed_s, time.monotonic()
        steps, sums = 0, dict[str, float]()
        self._lesson.train()
        while not self._is_over(until):
            batch = [part.to(self._device, non_blocking=True) for part in next(batches)]
            for name, value in self._learn(batch).items():
                sums[name] = sums.get(name, 0.0) + value
            self.step, steps = self.step + 1, steps + 1
            before, self.views = self.views, self.views + len(batch[0])
            self.elapsed_s = time.monotonic() - began
            stopping = self._stopping
            due = self.views // every > before // every or (self._is_over(until) and not stopping)
            if due:
                self._examined({name: total / steps for name, total in sums.items()}, examine)
                steps, sums = 0, {}
            if due or stopping or time.monotonic() - saved > BETWEEN_SAVES_S:
                self._save()
                saved = time.monotonic()

    def stop(self) -> None:
        """End soon, with a checkpoint."""
        self._stopping = True

    def _is_over(self, until: int | None) -> bool:
        ended = self._cooldown is not None and self.step >= self._cooldown.start + self._cooldown.steps
        return self._stopping or ended or (until is not None and self.views >= until)

    def _learn(self, batch: Any) -> dict[str, float]:
        rate = self._pace.rate(self.step) * (self._cooldown.share(self.step) if self._cooldown else 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        losses = self._lesson.losses(batch)
        loss = torch.stack(list(losses.values())).sum()
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"The loss became {loss.item()}; use a lower learning rate.")
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._average.update_parameters(self._lesson.network)
        return {name: value.item() for name, value in losses.items()}

    def _examined(self, losses: dict[str, float], examine: Callable[[nn.Module], dict[str, float]]) -> None:
        before = self.history[-1] if self.history else {"views": 0.0, "elapsed_s": 0.0}
        fresh = self.views - before["views"], self.elapsed_s - before["elapsed_s"]
        measured = {
            "views": float(self.views),
            "elapsed_s": round(self.elapsed_s, 1),
            "views_per_s": fresh[0] / max(fresh[1], 1e-9),
            "rate": float(self._optimizer.param_groups[0]["lr"]),
            **losses,
            **examine(self.network),
        }
        self.history.append(measured)
        print("  ".join(f"{name} {value:.4g}" for name, value in measured.items()), flush=True)
        draw_curves(self.history, "views", self._folder / CURVES)
        self._lesson.train()

    def _averaged(self, share: float) -> AveragedModel:
        return AveragedModel(self._lesson.network, multi_avg_fn=moving_average(share), use_buffers=True)

    def _load(self, path: Path) -> bool:
        if not path.is_file():
            return False
        state = torch.load(path, map_location=self._device, weights_only=True)
        self._lesson.load_state_dict(state["lesson"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._cooldown = Cooldown(**state["cooldown"]) if state["cooldown"] else None
        self.step, self.views, self.elapsed_s = state["step"], state["views"], state["elapsed_s"]
        self.history = state["history"]
        torch.set_rng_state(state["random"].cpu())
        return True

    def _save(self) -> None:
        state = {
            "lesson": self._lesson.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "cooldown": asdict(self._cooldown) if self._cooldown else None,
            "step": self.step,
            "views": self.views,
            "elapsed_s": self.elapsed_s,
            "history": self.history,
            "random": torch.get_rng_state(),
        }
        partial = self._folder / f"{CHECKPOINT}.part"
        torch.save(state, partial)
        partial.replace(self._folder / CHECKPOINT)
        history = self._folder / f"{HISTORY}.part"
        history.write_text(json.dumps(self.history, indent=1), encoding="utf-8")
        history.replace(self._folder / HISTORY)
