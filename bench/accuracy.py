"""``python -m bench.accuracy FOLDER PAIRS``: how well faces are verified, on labelled photos of your own."""

import math
import os
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.progress import MofNCompleteColumn

from bench.errors import Failure, Missing
from bench.labelled import LabelledPair, read_pairs
from bench.likeness import Scored, Server, score_here
from bench.verification import (
    Scores,
    best_accuracy,
    fold_accuracies,
    is_supported,
    roc,
    standard_error,
    threshold_at,
    true_accept_rate,
)
from wsgi_app.base.config import load_config
from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Place
from wsgi_app.commands import progress_bar
from wsgi_app.house.models import chosen_pack, named_pack, tried_pipeline
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.packs import check_files
from wsgi_app.vision.pipeline import Pipeline

FALSE_ACCEPT_RATES = (0.1, 0.01, 0.001)
PLOT_INCHES = (6, 5)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=EXISTING_FOLDER)
@click.argument("pairs", type=EXISTING_FILE)
@click.option("--url", help="Ask a running server, such as http://127.0.0.1:8765/porteiro/.")
@click.option("--pack", help="Measure this pack, a name or a folder, instead of the one in force.")
@click.option("--plot", type=NEW_FILE, help="Draw the ROC curve into this PNG file.")
def main(folder: Path, pairs: Path, url: str | None, pack: str | None, plot: Path | None) -> None:
    """Measure how well faces are verified on the photos in FOLDER.

    PAIRS says which photos show one person: a file in the form of LFW's pairs.txt, whose photos are
    FOLDER/Name/Name_0001.jpg, or a CSV file with the header a,b,same and paths below FOLDER.
    """
    if url is not None and pack is not None:
        raise click.UsageError("--pack is for models in this process; a server at --url has its own.")
    try:
        if plot is not None:
            refuse_undrawable(plot)
        labelled = read_pairs(folder, pairs)
        scored = score(labelled, url, pack)
        for name, value in report(labelled, scored).items():
            click.echo(f"{name:22} {value}")
        if plot is not None:
            draw_roc(*of_each_kind(labelled, scored.scores), scored.pack, plot)
    except (Missing, Failure) as error:
        raise click.ClickException(str(error)) from error
    except PorteiroError as error:
        raise click.ClickException(sentence(error, Place.TERMINAL)) from error
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")
        ) from error


def score(pairs: list[LabelledPair], url: str | None, pack: str | None) -> Scored:
    """Score the pairs through the server at an address, or with a pack in this process."""
    if url is not None:
        with progress_bar(MofNCompleteColumn()) as progress:
            return Server(url).score(pairs, progress)
    pipeline = load_pack(pack)
    with progress_bar(MofNCompleteColumn()) as progress:
        return score_here(pairs, pipeline, progress)


def load_pack(name: str | None) -> Pipeline:
    """Load the models of a pack, a name or a folder; ``None`` takes the one in force.

    Raises:
        ConfigError, PackError: it cannot be used, or there is none; the message says what to do.
    """
    config = load_config(os.environ)
    pack, folder = chosen_pack(config) if name is None else named_pack(config, name)
    check_files(pack, folder)
    return tried_pipeline(pack, folder, None, config.limits.pictures)


def report(pairs: list[LabelledPair], scored: Scored) -> dict[str, str]:
    """The figures by their names, as they are printed."""
    genuine, impostors = of_each_kind(pairs, scored.scores)
    what, how_many = scored.left_out
    rows = {
        "pack": scored.pack,
        "pairs": f"{len(genuine)} genuine, {len(impostors)} impostor",
        what: how_many,
        "accuracy": _accuracy(pairs, scored.scores),
    }
    for rate in FALSE_ACCEPT_RATES:
        rows[f"TAR at FAR {rate:g}"] = _accepted(genuine, impostors, rate)
    return rows


def of_each_kind(pairs: list[LabelledPair], scores: Scores) -> tuple[Scores, Scores]:
    """The scores of the genuine pairs, and those of the impostor pairs."""
    same = _is_same(pairs)
    return scores[same], scores[~same]


def _is_same(pairs: list[LabelledPair]) -> NDArray[np.bool_]:
    return np.array([pair.same for pair in pairs], bool)


def _accuracy(pairs: list[LabelledPair], scores: Scores) -> str:
    folds = np.array([pair.fold for pair in pairs])
    if len(set(folds)) == 1:
        return f"{best_accuracy(*of_each_kind(pairs, scores)):.4f} (one fold: at its own best threshold)"
    accuracies = fold_accuracies(scores, _is_same(pairs), folds)
    error = standard_error(accuracies)
    return f"{np.mean(accuracies):.4f}, standard error {error:.4f} over {len(accuracies)} folds"


def _accepted(genuine: Scores, impostors: Scores, false_accept_rate: float) -> str:
    if not is_supported(len(impostors), false_accept_rate):
        return "too few pairs"
    threshold = threshold_at(impostors, false_accept_rate)
    shown = math.ceil(threshold * 10_000) / 10_000  # rounded down, it would let more impostors in
    return f"{true_accept_rate(genuine, impostors, false_accept_rate):.4f} at threshold {shown:.4f}"


def refuse_undrawable(plot: Path) -> None:
    """Make sure before a long measurement that its plot can be drawn and kept.

    Raises:
        Missing: there is no matplotlib, or not the folder of the file.
    """
    if find_spec("matplotlib") is None:
        raise Missing("--plot needs matplotlib, which is not installed: pip install matplotlib")
    if not plot.parent.is_dir():
        raise Missing(f"There is no folder {plot.parent}.")


def draw_roc(genuine: Scores, impostors: Scores, pack: str, file: Path) -> None:
    """Draw the share of genuine pairs accepted over that of impostor pairs, as a PNG file.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  # only --plot needs it

    false_accepts, true_accepts = roc(genuine, impostors)
    drawn = false_accepts > 0  # a logarithm has no zero
    figure = Figure(PLOT_INCHES, layout="constrained")
    axes = figure.add_subplot(
        title=f"{pack}: {len(genuine)} genuine, {len(impostors)} impostor pairs",
        xlabel="false-accept rate",
        ylabel="true-accept rate",
        xscale="log",
        xlim=(min(0.1, 1 / len(impostors)), 1),
        ylim=(0, 1.01),
    )
    axes.plot(false_accepts[drawn], true_accepts[drawn], drawstyle="steps-post")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(file, format="png", dpi=150)


if __name__ == "__main__":
    main()
