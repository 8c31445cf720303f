"""``python -m bench.press``: from a press of the button to the lamp, and the door device's share of that."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from statistics import median

import click
from PIL import Image
from rich.progress import MofNCompleteColumn

from bench.errors import Failure, Missing
from bench.load import Address
from bench.material import Material, find_material, furnished
from bench.pairs import Target
from bench.processor import watch_others
from bench.serving import PROGRAMS, REPOSITORY, Installation, served
from bench.visitors import Timing, Visitors, visited
from pi_client.commands.options import boot_id, server_of
from pi_client.config import CameraSettings, DoorConfig, load_config
from pi_client.errors import DoorError
from pi_client.fakes.server import KNOWN, FakeServer
from wsgi_app.commands import progress_bar
from wsgi_app.vision.packs import CATALOGUE

TARGET = Target.at_most(30.0)  # milliseconds of the device's own share, at the median
WARM_UP = 5  # presses that do not count: the first one connects
SETTLED = 1000  # presses after which the memory shall be flat
DEVICE = "bench"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STOPPED = 128 + signal.SIGTERM


@dataclass(frozen=True)
class Spread:
    """Of some figures the median, the 90th percentile and the most."""

    middle: float
    ninetieth: float
    most: float

    @classmethod
    def of(cls, figures: list[float]) -> "Spread":
        """Sum up at least one; nine in ten are no more than the 90th percentile."""
        return cls(median(figures), sorted(figures)[ceil(0.9 * len(figures)) - 1], max(figures))

    def __str__(self) -> str:
        return f"{self.middle:8.1f} {self.ninetieth:8.1f} {self.most:8.1f}"


@dataclass(frozen=True)
class Summary:
    """Where the time of all presses went, in milliseconds."""

    lamp: Spread
    server: Spread
    own: Spread

    @classmethod
    def of(cls, timings: list[Timing]) -> "Summary":
        """Sum up at least one press."""
        return cls(
            Spread.of([timing.lamp_ms for timing in timings]),
            Spread.of([timing.server_ms for timing in timings]),
            Spread.of([timing.own_ms for timing in timings]),
        )

    @property
    def is_met(self) -> bool:
        """Whether the device's own share is as small as it shall be."""
        return TARGET.is_met(self.own.middle)

    def __str__(self) -> str:
        return (
            "ms               median     90 %     most\n"
            f"press to lamp  {self.lamp}\n"
            f"server's share {self.server}\n"
            f"device's share {self.own}\n"
            f"device's share at the median, target {TARGET} ms: {'met' if self.is_met else 'MISSED'}"
        )


@dataclass(frozen=True)
class Use:
    """What this process holds."""

    threads: int
    descriptors: int
    resident_mb: float

    @classmethod
    def now(cls) -> "Use":
        """Take stock."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        return cls(threading.active_count(), descriptors, pages * PAGE_BYTES / 1e6)

    def __str__(self) -> str:
        return f"{self.threads:8} {self.descriptors:12} {self.resident_mb:12.1f}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--presses", default=200, show_default=True, type=click.IntRange(1), help="Presses to time.")
@click.option(
    "--soak", type=click.IntRange(1), help="Press so often without timing; tell what the process holds."
)
@click.option(
    "--pack",
    default=CATALOGUE.parent,
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Folder of another model pack than the shipped one.",
)
def main(presses: int, soak: int | None, pack: Path) -> None:
    """Measure how long a visitor waits from the press of the button to the lamp.

    A door without hardware asks the shipped nginx and uWSGI on this machine about a photo. What the server
    did not take, the device took itself; the exit status is 1 if that misses its target at the median.

    With --soak a door whose server answers at once is pressed again and again, and the threads,
    descriptors and memory of its process are told.
    """
    try:
        material = find_material(pack)
        if soak is not None:
            tell_soak(material, soak)
        elif not tell_presses(material, presses):
            sys.exit(1)
    except (Missing, Failure, DoorError) as error:
        raise click.ClickException(str(error)) from error


def tell_presses(material: Material, presses: int) -> bool:
    """Time presses and print the figures; whether the target is met."""
    with furnished(material) as house, served(house) as address:
        config = door_config(address, add_token(house))
        photo = as_taken(material.photos[0], config.camera)
        with visited(config, photo, server_of(config, boot_id())) as visitors:
            for _ in range(WARM_UP):
                visitors.come()
            watch = watch_others()
            timings = list(coming(visitors, presses))
            others = watch()
    width, height = config.camera.size
    green = sum(timing.is_green for timing in timings)
    print(f"{presses} presses, {green} of them green; a photo of {width}x{height}, {len(photo):,} bytes")
    print(f"other programs took {others:.0%} of the processor")
    summary = Summary.of(timings)
    print(summary)
    return summary.is_met


def tell_soak(material: Material, presses: int) -> None:
    """Press a door and print what its process holds once it has settled, and at the end."""
    config = load_config(None, {})
    print("presses  threads  descriptors  resident MB")
    with visited(config, as_taken(material.photos[0], config.camera), FakeServer(KNOWN)) as visitors:
        for number, _ in enumerate(coming(visitors, presses), start=1):
            if number in (SETTLED, presses):
                print(f"{number:7,} {Use.now()}", flush=True)


def coming(visitors: Visitors, number: int) -> Iterator[Timing]:
    """So many visitors, and a progress bar that is drawn between them: while one waits it would take time."""
    progress = progress_bar(MofNCompleteColumn())
    progress.live.auto_refresh = False
    with progress:
        task = progress.add_task("presses", total=number)
        for _ in range(number):
            yield visitors.come()
            progress.update(task, advance=1, refresh=True)


def door_config(address: Address, token_file: Path) -> DoorConfig:
    """The device's defaults, for a server at an address."""
    url = f"http://{address[0]}:{address[1]}/porteiro"
    given = {"PORTEIRO_DOOR_SERVER_URL": url, "PORTEIRO_DOOR_SERVER_TOKEN_FILE": str(token_file)}
    return load_config(None, given)


def add_token(house: Installation) -> Path:
    """The file with a new token, by the shipped command.

    Raises:
        Failure: there is none.
    """
    command = [str(PROGRAMS / "porteiro"), "token", "add", DEVICE]
    done = subprocess.run(command, env=house.environment, cwd=REPOSITORY, check=False, capture_output=True)
    if done.returncode:
        raise Failure(f"porteiro token add failed: {done.stderr.decode(errors='replace')}")
    file = house.folder / "token"
    file.write_bytes(done.stdout)
    return file


def as_taken(photo: bytes, camera: CameraSettings) -> bytes:
    """The same scene as the device's camera takes it: in its size and its JPEG quality."""
    file = BytesIO()
    image = Image.open(BytesIO(photo)).convert("RGB").resize(camera.size, Image.Resampling.BICUBIC)
    image.save(file, "JPEG", quality=camera.quality)
    return file.getvalue()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))  # an exit still ends what was started
    main()
