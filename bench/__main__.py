"""``python -m bench [NAME ...]``: measure, and hold the ratios against their targets."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from bench import large, live, server, tutorial
from bench.errors import Failure, Missing
from bench.material import Material, find_material
from bench.pairs import Pair, Plan, Summary, Target
from bench.processor import watch_others
from wsgi_app.vision.packs import CATALOGUE

MOST_BY_OTHERS = 0.1  # of the processor; a round in which other programs took more is left out
STOPPED = 128 + signal.SIGTERM
SHIPPED = CATALOGUE.parent


@dataclass(frozen=True)
class Benchmark:
    """One question and where its answer shall lie.

    Attributes:
        name: on the command line.
        first: what is measured, with its unit.
        second: what it is divided by, in the same unit.
        target: of the ratio.
        measure: gives a pair for each round.
    """

    name: str
    first: str
    second: str
    target: Target
    measure: Callable[[Material, Plan], Iterator[Pair]]


BENCHMARKS = (
    Benchmark(
        "server",
        "photos/s of POST / through nginx and uWSGI, two workers",
        "photos/s of the bare pipeline in two processes",
        Target.at_least(0.85),
        server.measure,
    ),
    Benchmark(
        "flask",
        "photos/s of POST /image-bin through nginx and uWSGI, two workers",
        "photos/s of a Flask application as tutorials write it",
        Target.at_least(2.5),
        tutorial.measure,
    ),
    Benchmark(
        "large",
        "ms of POST / with a 4000x3000 JPEG",
        "ms of POST / with a 960x540 JPEG",
        Target.at_most(3.0),
        large.measure,
    ),
    Benchmark(
        "live",
        f"ms of POST / with {live.BROWSERS:,} browsers on the live feed",
        "ms of POST / with none",
        Target.at_most(1.05),
        live.measure,
    ),
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice([b.name for b in BENCHMARKS]))
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1), help="Ratios to take.")
@click.option(
    "--seconds",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0.5),
    help="How long each of a round's four turns takes.",
)
@click.option(
    "--pack",
    default=SHIPPED,
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Folder of another model pack than the shipped one.",
)
def main(names: tuple[str, ...], rounds: int, seconds: float, pack: Path) -> None:
    """Measure how fast Porteiro is: all benchmarks, or those named (server, flask, large, live).

    Each prints the ratio of two things measured in turns: its median over all rounds, least and most. Rounds
    in which other programs kept the processor busy are left out, as long as any remain. A missed target is
    said, and is no failure: the exit status stays 0.
    """
    plan = Plan(rounds, seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))  # an exit still ends what was started
    print(f"{os.cpu_count()} cores, load average before the start {os.getloadavg()[0]:.2f}", flush=True)
    try:
        material = find_material(pack)
        verdicts = [run(b, material, plan) for b in BENCHMARKS if not names or b.name in names]
    except Missing as missing:
        print(f"Not measured: {missing}")
        return
    except Failure as failure:
        raise click.ClickException(str(failure)) from failure
    print()
    for verdict in verdicts:
        print(verdict)


def run(benchmark: Benchmark, material: Material, plan: Plan) -> str:
    """Measure one benchmark, telling each round as it ends; gives the verdict in one line."""
    print(f"{benchmark.name}: {benchmark.first}\n  divided by {benchmark.second}", flush=True)
    undisturbed: list[Pair] = []
    disturbed: list[Pair] = []
    watch = watch_others()
    for number, pair in enumerate(benchmark.measure(material, plan), start=1):
        others = watch()
        watch = watch_others()
        quiet = others <= MOST_BY_OTHERS
        (undisturbed if quiet else disturbed).append(pair)
        figures = f"{pair.first:.1f} / {pair.second:.1f} = {pair.ratio:.3f}"
        remark = "" if quiet else f", disturbed: other programs took {others:.0%} of the processor"
        print(f"  round {number} of {plan.rounds}: {figures}{remark}", flush=True)
    summary = Summary.of(undisturbed or disturbed)
    met = "met" if benchmark.target.is_met(summary.middle) else "MISSED"
    remark = f"; {len(disturbed)} of {plan.rounds} rounds were disturbed" if disturbed else ""
    return f"{benchmark.name:8} {summary}, target {benchmark.target}: {met}{remark}"


if __name__ == "__main__":
    main()
