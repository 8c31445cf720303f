import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch
from torch import nn

from tests.training.line import CPU, SLOPE, Line, measure, weight
from training.course import CHECKPOINT, HISTORY, averaged_network
from training.endless import COOLED, Cooldown, EndlessCourse, Pace

BATCH = 8
PACE = Pace(learning_rate=0.2, weight_decay=0, warmup=3, settling=1000, averaging=0.5, cooled_averaging=0.5)


def batches(step: int = 0) -> Iterator[Any]:
    """Examples without end, from a step on always the same."""
    while True:
        given = torch.randn((BATCH, 1), generator=torch.Generator().manual_seed(step))
        yield given, SLOPE * given
        step += 1


def course(folder: Path, pace: Pace = PACE) -> EndlessCourse:
    """A course begun, or begun again, in a folder."""
    begun = EndlessCourse(Line(), pace, folder, CPU)
    begun.resume()
    return begun


def ran(folder: Path, steps: int) -> EndlessCourse:
    """A course run until so many steps were made in all."""
    run = course(folder)
    run.run(batches(run.step), measure, every=2 * BATCH, until=steps * BATCH)
    return run


@pytest.mark.parametrize(("step", "rate"), [(0, 0.25), (1, 0.5), (3, 1), (15, 1), (63, 0.5), (255, 0.25)])
def test_the_learning_rate_rises_stays_and_falls_with_the_root(step: int, rate: float) -> None:
    assert Pace(learning_rate=2, warmup=4, settling=16).rate(step) == pytest.approx(2 * rate)


@pytest.mark.parametrize(("step", "share"), [(100, 1), (101, 0.75), (103, 0.25), (104, 0), (110, 0)])
def test_a_cooldown_brings_it_to_nothing(step: int, share: float) -> None:
    assert Cooldown(start=100, steps=4).share(step) == share


def test_it_learns_and_notes_what_it_sees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ran(tmp_path, 30)

    assert weight(run.network) == pytest.approx(SLOPE, abs=0.5)
    names = ["views", "elapsed_s", "views_per_s", "rate", "square", "slope"]
    assert [list(entry) for entry in run.history] == [names] * 15
    assert [entry["views"] for entry in run.history] == [2 * BATCH * (number + 1) for number in range(15)]
    assert json.loads((tmp_path / HISTORY).read_text(encoding="utf-8")) == run.history
    assert capsys.readouterr().out.splitlines()[1].startswith("views 32  elapsed_s ")


def test_what_is_examined_and_kept_is_the_average(tmp_path: Path) -> None:
    lesson = Line()
    run = EndlessCourse(lesson, PACE, tmp_path, CPU)

    run.run(batches(), measure, every=BATCH, until=4 * BATCH)

    kept = averaged_network(tmp_path / CHECKPOINT, nn.Linear(1, 1, bias=False))
    assert weight(kept) == weight(run.network) == run.history[-1]["slope"]
    assert weight(kept) != weight(lesson.network)


def test_stopped_and_begun_again_it_is_as_in_one_go(tmp_path: Path) -> None:
    in_one_go = ran(tmp_path / "one", 8)
    ran(tmp_path / "two", 4)

    again = ran(tmp_path / "two", 8)

    assert again.views == 8 * BATCH
    assert weight(again.network) == weight(in_one_go.network)
    assert [entry["square"] for entry in again.history] == [entry["square"] for entry in in_one_go.history]


def test_told_to_stop_it_ends_after_the_step_with_a_checkpoint(tmp_path: Path) -> None:
    run = course(tmp_path)

    def told_in_the_third() -> Iterator[Any]:
        for number, batch in enumerate(batches()):
            if number == 2:
                run.stop()
            yield batch

    run.run(told_in_the_third(), measure, every=100 * BATCH)

    assert (course(tmp_path).step, run.history) == (3, [])


def test_a_cooldown_ends_of_itself_and_leaves_the_run_alone(tmp_path: Path) -> None:
    ran(tmp_path, 4)
    before = (tmp_path / CHECKPOINT).read_bytes()

    cooled = course(tmp_path)
    cooled.cool_down(6)
    cooled.run(batches(cooled.step), measure, every=2 * BATCH)

    assert cooled.step == 10
    assert cooled.history[-1]["rate"] == pytest.approx(0.2 / 6)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    kept = averaged_network(tmp_path / COOLED / CHECKPOINT, nn.Linear(1, 1, bias=False))
    assert weight(kept) == weight(cooled.network)


def test_a_cooldown_that_was_stopped_goes_on(tmp_path: Path) -> None:
    ran(tmp_path, 4)
    first = course(tmp_path)
    first.cool_down(6)
    first.run(batches(first.step), measure, every=BATCH, until=7 * BATCH)

    again = course(tmp_path)
    again.cool_down(6)
    assert again.step == 7
    again.run(batches(again.step), measure, every=BATCH)

    assert again.step == 10


def test_there_has_to_be_something_to_cool_down(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        course(tmp_path).cool_down(6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_checkpoint(
    bad: float, tmp_path: Path
) -> None:
    ran(tmp_path, 4)
    before = (tmp_path / CHECKPOINT).read_bytes()
    given = torch.full((BATCH, 1), bad)

    with pytest.raises(FloatingPointError, match=r"^The loss became (nan|inf); use a lower learning rate\.$"):
        course(tmp_path).run(iter([(given, given)]), measure, every=BATCH)

    assert (tmp_path / CHECKPOINT).read_bytes() == before
