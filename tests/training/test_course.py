import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch
from torch import nn

from tests.training.line import CPU, SLOPE, Line, measure, weight
from training.course import (
    BEFORE_COOLDOWN,
    CHECKPOINT,
    CURVES,
    HISTORY,
    Course,
    Epoch,
    Plan,
    averaged_network,
    moving_average,
)

STEPS = 5


def plan(epochs: int, cooldown: int = 1) -> Plan:
    return Plan(epochs, cooldown, learning_rate=0.2, weight_decay=0, warmup_steps=3, averaging=0.5)


def batches(number: int) -> Epoch:
    """An epoch's examples, always the same for its number."""
    generator = torch.Generator().manual_seed(number)
    given = [torch.randn((8, 1), generator=generator) for _ in range(STEPS)]
    return Epoch([(part, SLOPE * part) for part in given], STEPS)


def nothing(network: nn.Module) -> dict[str, float]:
    """Measures nothing, so that there is one curve less to draw."""
    return {}


def course(folder: Path, plan: Plan) -> Course:
    return Course(Line(), plan, folder, CPU)


def ran(folder: Path, plan: Plan, until: Callable[[int], Epoch] = batches) -> Course:
    """A course begun or begun again in a folder, and run to its end."""
    run = course(folder, plan)
    run.resume()
    run.run(until, nothing)
    return run


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def stopped_in_epoch(stop: int) -> Callable[[int], Epoch]:
    """The same batches, but in the middle of an epoch (from 0 on) it is over."""

    def until(number: int) -> Epoch:
        def broken() -> Iterator[Any]:
            for place, batch in enumerate(batches(number).batches):
                if (number, place) == (stop, 2):
                    raise Stopped
                yield batch

        return Epoch(broken(), STEPS)

    return until


def run_until_stopped(folder: Path, plan: Plan, stop: int) -> None:
    with pytest.raises(Stopped):
        ran(folder, plan, stopped_in_epoch(stop))


def epochs_of(course: Course) -> list[float]:
    return [entry["epoch"] for entry in course.history]


# The learning rate


@pytest.mark.parametrize(
    ("step", "share"),
    [(0, 0.25), (1, 0.5), (3, 1), (4, 1), (39, 1), (40, 1), (41, 0.9), (45, 0.5), (49, 0.1), (50, 0)],
)
def test_the_learning_rate_rises_stays_and_falls(step: int, share: float) -> None:
    assert Plan(epochs=5, cooldown=1, warmup_steps=4).rate(step, steps_per_epoch=10) == pytest.approx(share)


@pytest.mark.parametrize(("step", "share"), [(0, 0.5), (1, 1), (9, 1)])
def test_without_a_cooldown_it_stays(step: int, share: float) -> None:
    assert Plan(epochs=1, cooldown=0, warmup_steps=2).rate(step, steps_per_epoch=10) == share


def test_a_run_that_is_all_cooldown_falls_from_the_warm_up_on() -> None:
    rates = [Plan(epochs=1, cooldown=1, warmup_steps=4).rate(step, 4) for step in range(4)]

    assert rates == [0.25, 0.5, 0.5, 0.25]


# A run


def test_it_learns(tmp_path: Path) -> None:
    run = ran(tmp_path, plan(6, 3))

    losses = [entry["square"] for entry in run.history]
    assert losses[-1] < 0.1 * losses[0]
    assert weight(run.network) == pytest.approx(SLOPE, abs=0.5)


def test_each_epoch_is_noted_with_its_losses_and_measures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = course(tmp_path, plan(2))

    run.run(batches, measure)

    assert [list(entry) for entry in run.history] == [["epoch", "square", "slope"]] * 2
    assert epochs_of(run) == [1, 2]
    assert json.loads((tmp_path / HISTORY).read_text(encoding="utf-8")) == run.history
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "epoch 1",
        "epoch 2",
    ]


def test_a_loss_is_noted_as_the_mean_over_its_epoch(tmp_path: Path) -> None:
    still = Plan(epochs=1, cooldown=1, learning_rate=0)

    run = ran(tmp_path, still)

    squares = [float((SLOPE * given).square().mean()) for given, _ in batches(0).batches]
    assert run.history[0]["square"] == pytest.approx(np.mean(squares))


def test_a_run_leaves_checkpoints_history_and_curves(tmp_path: Path) -> None:
    ran(tmp_path / "runs" / "new", plan(2))

    folder = tmp_path / "runs" / "new"
    assert {path.name for path in folder.iterdir()} == {CHECKPOINT, BEFORE_COOLDOWN, HISTORY, CURVES}
    curves = cv2.imread(str(folder / CURVES))
    assert curves is not None
    assert curves.shape == (220, 800, 3)  # one curve of 2.2 inches, at 100 dots


def test_a_new_measure_does_not_spoil_the_curves(tmp_path: Path) -> None:
    ran(tmp_path, plan(2))
    run = course(tmp_path, plan(3))
    run.resume()

    run.run(batches, measure)

    assert [list(entry) for entry in run.history] == [
        ["epoch", "square"],
        *[["epoch", "square", "slope"]] * 2,
    ]


def test_what_is_measured_and_kept_is_the_average(tmp_path: Path) -> None:
    lesson = Line()
    run = Course(lesson, plan(2), tmp_path, CPU)

    run.run(batches, measure)

    kept = averaged_network(tmp_path / CHECKPOINT, nn.Linear(1, 1, bias=False))
    assert weight(kept) == weight(run.network) == run.history[-1]["slope"]
    assert weight(kept) != weight(lesson.network)
    assert not kept.training


# Stopped and begun again


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    run = course(tmp_path, plan(2))

    assert (run.resume(), run.epoch, run.history) == (False, 0, [])


@pytest.mark.parametrize("stop", [1, 2])
def test_stopped_and_begun_again_it_is_as_in_one_go(stop: int, tmp_path: Path) -> None:
    in_one_go = ran(tmp_path / "one", plan(3, 2))
    run_until_stopped(tmp_path / "two", plan(3, 2), stop)

    again = course(tmp_path / "two", plan(3, 2))
    assert (again.resume(), again.epoch) == (True, stop)
    again.run(batches, nothing)

    assert again.history == in_one_go.history
    assert weight(again.network) == weight(in_one_go.network)


def test_stopped_in_the_first_epoch_it_begins_anew(tmp_path: Path) -> None:
    run_until_stopped(tmp_path, plan(2), 0)

    assert list(tmp_path.iterdir()) == []
    assert epochs_of(ran(tmp_path, plan(2))) == [1, 2]


def test_what_is_finished_is_not_learnt_again(tmp_path: Path) -> None:
    finished = ran(tmp_path, plan(2))

    def no_more(number: int) -> Epoch:
        raise AssertionError(number)

    assert ran(tmp_path, plan(2), no_more).history == finished.history


def test_a_longer_run_goes_on_from_before_the_learning_rate_fell(tmp_path: Path) -> None:
    ran(tmp_path / "two", plan(3, 2))

    longer = course(tmp_path / "two", plan(4, 2))
    assert (longer.resume(), epochs_of(longer)) == (True, [1])
    longer.run(batches, nothing)

    assert longer.history == ran(tmp_path / "one", plan(4, 2)).history


def test_a_longer_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    ran(tmp_path / "two", plan(2, 1))
    run_until_stopped(tmp_path / "two", plan(4, 1), 3)

    again = course(tmp_path / "two", plan(4, 1))
    assert (again.resume(), again.epoch) == (True, 3)
    again.run(batches, nothing)

    assert again.history == ran(tmp_path / "one", plan(4, 1)).history


def test_a_run_made_longer_while_at_full_learning_rate_loses_nothing(tmp_path: Path) -> None:
    ran(tmp_path, plan(2, 1))
    run_until_stopped(tmp_path, plan(5, 1), 3)

    even_longer = course(tmp_path, plan(6, 1))

    assert (even_longer.resume(), even_longer.epoch) == (True, 3)


# When it goes wrong


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_checkpoint(
    bad: float, tmp_path: Path
) -> None:
    good = ran(tmp_path, plan(2))
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def going_bad(number: int) -> Epoch:
        given = torch.full((8, 1), bad)
        return Epoch([*batches(number).batches, (given, given)], STEPS + 1)

    with pytest.raises(FloatingPointError, match=r"^The loss became (nan|inf); use a lower learning rate\.$"):
        ran(tmp_path, plan(3), going_bad)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    assert weight(averaged_network(tmp_path / CHECKPOINT, Line().network)) == weight(good.network)


# The moving average


@pytest.mark.parametrize(
    ("share", "seen", "expected"),
    [
        (0.9, 0, 0.9),  # at first one tenth of the old counts
        (0.9, 8, 0.5),
        (0.9, 1000, 0.1),
        (0.5, 1000, 0.5),
        (0.0, 1000, 1.0),
    ],
)
def test_the_average_follows_fast_at_first_and_slowly_then(share: float, seen: int, expected: float) -> None:
    average, now = torch.tensor([0.0, 10.0]), torch.tensor([1.0, 10.0])

    moving_average(share)([average], [now], seen)

    np.testing.assert_allclose(average, [expected, 10], rtol=1e-5)


def test_what_is_counted_is_taken_over_and_not_averaged() -> None:
    average, now = torch.tensor(3), torch.tensor(8)

    moving_average(0.9)([average], [now], torch.tensor(100))

    assert int(average) == 8
