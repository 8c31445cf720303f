"""Sends the pictures of a folder to a server, and tells what it answered and how soon."""

import json
import sys
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

import click
from rich.progress import MofNCompleteColumn

from wsgi_app.base.config import Config
from wsgi_app.commands import Failure, counted, progress_bar, with_config
from wsgi_app.commands.folders import PictureFolder, printable_path
from wsgi_app.commands.nose_server import ImageKind
from wsgi_app.commands.sending import SendingPlan, SentImage, send_all
from wsgi_app.commands.tally import SendingSummary, SendingTally, in_words

INTERRUPTED = 130  # the exit status of what Ctrl-C ended, as shells have it


def read_url(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """A server's address without a slash at its end.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or set(text) & set("?#") or not text.isprintable() or " " in text:
        raise click.BadParameter("must be like http://192.168.1.5:5000/")
    return text.rstrip("/")


class SendOptions(TypedDict):
    """What can be chosen; ``send_command`` says what it does."""

    in_base64: bool
    in_binary: bool
    in_both: bool
    workers: int
    url: str | None
    timeout_s: float
    as_json: bool


@click.command("send")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--base64", "in_base64", is_flag=True, help="As base64 in JSON to /image-64: the default.")
@click.option("--binary", "in_binary", is_flag=True, help="As the file of a form to /image-bin.")
@click.option("--both", "in_both", is_flag=True, help="In both ways, one after the other.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many send at once, each over a connection that it keeps.",
)
@click.option(
    "--url",
    callback=read_url,
    help="Any server with these two addresses, such as http://192.168.1.5:5000/. Without it, the one that "
    "this installation's settings start.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=30,
    show_default=True,
    help="How long an answer is waited for.",
)
@click.option("--json", "as_json", is_flag=True, help="Say everything in JSON lines.")
@with_config
def send_command(config: Config, folder: Path, **options: Unpack[SendOptions]) -> None:
    """Send the pictures of a folder to a server: where is the nose, and how soon does it say so?

    Sent is what ends with .jpg, .jpeg, .png, .bmp, .tif or .tiff, in subfolders too, and what has no ending
    and begins as a picture does. Each answer is told with x and y, as fractions of the picture's width and
    height, and its milliseconds; in the end come how many requests failed, and the median and the 95th
    percentile of the milliseconds, for base64 and binary apart. With one worker the order is that of names.

    A picture that cannot be read, or is not answered in time or otherwise than with x and y, is told on
    standard error and does not stop the others. A server that answers "later" (429, 503) is asked up to three
    times. Ctrl-C ends it, and tells what was done up to then.

    With --json each request is a line {"file", "kind", "ms", "x", "y"}, or {"file", "kind", "ms", "error"},
    and the last line is {"summary": {...}}.

    The exit status is 0 only if every picture was answered and every folder could be read.
    """
    kinds, as_json = _kinds(options), options["as_json"]
    plan = SendingPlan(options["url"] or _own_url(config), kinds, options["workers"], options["timeout_s"])
    pictures, tally = PictureFolder(folder), SendingTally(kinds)
    start, interrupted = time.perf_counter(), False
    try:
        with closing(_with_progress(pictures, plan)) as results:
            for sent in results:
                tally.add(sent)
                _tell(sent, as_json=as_json)
    except KeyboardInterrupt:
        interrupted = True
    unreadable = [str(path) for path, _ in pictures.unreadable]
    seconds = time.perf_counter() - start
    summary = tally.summary(seconds, pictures.left_out, unreadable, interrupted=interrupted)
    for path, why in pictures.unreadable:
        click.echo(f"failed {printable_path(path)}: {why}", err=True)
    click.echo(json.dumps({"summary": summary}) if as_json else in_words(summary))
    _exit(summary, folder)


def _kinds(options: SendOptions) -> tuple[ImageKind, ...]:
    wanted = {ImageKind.BASE64: options["in_base64"], ImageKind.BINARY: options["in_binary"]}
    if options["in_both"]:
        return tuple(ImageKind)
    return tuple(kind for kind in ImageKind if wanted[kind]) or (ImageKind.BASE64,)


def _own_url(config: Config) -> str:
    if config.socket is not None:
        raise Failure("The settings do not say how this server is reached behind nginx; say it with --url.")
    return config.own_root


def _with_progress(pictures: PictureFolder, plan: SendingPlan) -> Generator[SentImage, None, None]:
    """What came of each request, with a bar on a terminal; for that alone the pictures are counted first."""
    with progress_bar(MofNCompleteColumn()) as progress, closing(send_all(pictures, plan)) as results:
        count = None if progress.disable else sum(len(plan.kinds) for _ in pictures)
        task = progress.add_task("Sending", total=count)
        for sent in results:
            progress.advance(task)
            yield sent


def _tell(sent: SentImage, *, as_json: bool) -> None:
    """Say what came of a request, on the present streams: these put it above the bar, click's own do not."""
    point = sent.point
    if as_json:
        came = {"error": sent.error} if point is None else {"x": point.x, "y": point.y}
        line = {"file": str(sent.path), "kind": sent.kind, "ms": round(sent.ms, 1), **came}
        click.echo(json.dumps(line), file=sys.stdout)
    elif point is None:
        click.echo(f"failed {printable_path(sent.path)} {sent.kind}: {sent.error}", file=sys.stderr)
    else:
        nose = f"({point.x:.4f}, {point.y:.4f}) in {sent.ms:.1f} ms"
        click.echo(f"{printable_path(sent.path)} {sent.kind}: {nose}", file=sys.stdout)


def _exit(summary: SendingSummary, folder: Path) -> None:
    if summary["interrupted"]:
        raise click.exceptions.Exit(INTERRUPTED)
    if summary["unreadable_folders"]:
        raise Failure(f"{counted(len(summary['unreadable_folders']), 'folder')} could not be read.")
    if summary["failed"]:
        raise Failure(f"{summary['failed']} of {counted(summary['requests'], 'request')} failed.")
    if not summary["requests"]:
        raise Failure(f"There is no picture in {printable_path(folder)}.")
