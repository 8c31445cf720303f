from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch
from torch import nn
from torch.utils.data import TensorDataset

from training.course import Epoch
from training.run import Run, run_options


def run(out: Path, *, epochs: int = 2, workers: int = 0, seed: int = 1) -> Run:
    return Run(out, out, epochs, 1, workers, seed)


def numbers_in(epoch: Epoch) -> list[list[int]]:
    return [part.tolist() for (part,) in epoch.batches]


TEN = TensorDataset(torch.arange(10))


def test_an_epoch_has_everything_once_but_a_last_part_of_a_batch(tmp_path: Path) -> None:
    epoch = run(tmp_path).epoch(TEN, 3, 0)

    batches = numbers_in(epoch)
    assert (epoch.steps, [len(batch) for batch in batches]) == (3, [3, 3, 3])
    assert len({number for batch in batches for number in batch}) == 9


def test_the_order_belongs_to_the_seed_and_the_epoch(tmp_path: Path) -> None:
    def order(seed: int, number: int, workers: int = 0) -> list[list[int]]:
        return numbers_in(run(tmp_path, seed=seed, workers=workers).epoch(TEN, 5, number))

    assert order(1, 0) == order(1, 0) == order(1, 0, workers=1)
    assert len({str(order(seed, number)) for seed in (1, 2) for number in (0, 1, 2)}) == 6


def test_a_course_that_was_begun_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Lesson(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Linear(1, 1)

        def losses(self, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
            return {"loss": self.network(batch[0]).square().mean()}

    lessons = TensorDataset(torch.ones((4, 1)))
    first, longer = run(tmp_path), run(tmp_path, epochs=5)
    first.course(Lesson()).run(lambda number: first.epoch(lessons, 2, number), lambda _: {})
    capsys.readouterr()

    course = longer.course(Lesson())

    assert (course.epoch, capsys.readouterr().out) == (1, "Going on after epoch 1 of 5.\n")


@click.command()
@run_options(epochs=7, cooldown=3)
@click.option("--more", default="nothing")
def command(run: Run, more: str) -> None:
    """Tell what was asked for."""
    numbers = {name: getattr(run, name) for name in ("epochs", "cooldown", "workers", "seed")}
    click.echo(f"{run.data.name} {run.out.name} {numbers} {more} {torch.rand(1).item()}")


def typed(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(command, ["--data", str(folder), "--out", str(folder / "out"), *words])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "{'epochs': 7, 'cooldown': 3, 'workers': 2, 'seed': 1} nothing"),
        (
            ("--epochs", "9", "--cooldown", "4", "--workers", "0", "--seed", "5", "--more", "tea"),
            "{'epochs': 9, 'cooldown': 4, 'workers': 0, 'seed': 5} tea",
        ),
    ],
)
def test_a_command_gets_what_was_typed(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    result = typed(tmp_path, *words)

    assert (result.exit_code, result.exception) == (0, None), result.output
    assert result.output.rpartition(" ")[0] == f"{tmp_path.name} out {told}"


def test_the_seed_rules_all_randomness_from_the_first_weight_on(tmp_path: Path) -> None:
    once, again, other = (typed(tmp_path, "--seed", seed).output for seed in ("4", "4", "5"))

    assert once == again
    assert once.split()[-1] != other.split()[-1]


def test_material_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = typed(tmp_path / "nowhere")

    assert result.exit_code == 2
    assert "nowhere' does not exist" in result.output
