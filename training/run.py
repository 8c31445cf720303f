"""What all training commands share: their options, their randomness, the batches of an epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
import cv2
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from training.course import Course, Epoch, Plan


@dataclass(frozen=True)
class Run:
    """What the command line asks for.

    Attributes:
        data: folder of the training material.
        out: folder of the run: checkpoints, history, curves.
        epochs: in all, those of earlier runs in ``out`` counted.
        cooldown: of these the last ones, with a falling learning rate.
        workers: processes that prepare what is learnt from.
        seed: of all randomness.
    """

    data: Path
    out: Path
    epochs: int
    cooldown: int
    workers: int
    seed: int

    def course(self, lesson: nn.Module) -> Course:
        """The run's course, where it stopped if it was begun before."""
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        lesson.to(device, memory_format=torch.channels_last)
        course = Course(lesson, Plan(self.epochs, self.cooldown), self.out, device)
        if course.resume():
            print(f"Going on after epoch {course.epoch} of {self.epochs}.", flush=True)
        return course

    def epoch(self, lessons: Dataset[Any], batch: int, number: int) -> Epoch:
        """Everything of a dataset once, in an order that belongs to the epoch."""
        loader = DataLoader(
            lessons,
            batch,
            shuffle=True,
            drop_last=True,
            num_workers=self.workers,
            prefetch_factor=4 if self.workers else None,
            generator=torch.Generator().manual_seed(self.seed * 1000 + number),
        )
        return Epoch(loader, len(loader))

    def learn(
        self,
        lesson: nn.Module,
        lessons_of: Callable[[int], Dataset[Any]],
        batch: int,
        examination: Callable[[nn.Module], dict[str, float]],
    ) -> None:
        """Learn through all epochs, each from a dataset of its own."""
        self.course(lesson).run(lambda number: self.epoch(lessons_of(number), batch, number), examination)


def run_options(epochs: int, cooldown: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the common options; it gets a ``Run`` as its first argument."""
    options = (
        click.option("--data", type=_FOLDER, required=True, help="Folder of the training material."),
        click.option("--out", type=_NEW_FOLDER, required=True, help="Folder for checkpoints and curves."),
        click.option(
            "--epochs", default=epochs, show_default=True, help="A longer run goes on from a shorter."
        ),
        click.option("--cooldown", default=cooldown, show_default=True, help="Last epochs, ever slower."),
        click.option("--workers", default=2, show_default=True, help="Processes that prepare pictures."),
        click.option("--seed", default=1, show_default=True),
    )

    def with_run(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def main(data: Path, out: Path, **rest: Any) -> None:
            cv2.setNumThreads(0)
            numbers = {name: rest.pop(name) for name in ("epochs", "cooldown", "workers", "seed")}
            torch.manual_seed(numbers["seed"])  # before the command makes its network
            command(Run(data, out, **numbers), **rest)

        for option in reversed(options):
            main = option(main)
        return main

    return with_run


_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_NEW_FOLDER = click.Path(path_type=Path, file_okay=False)
