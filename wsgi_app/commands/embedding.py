"""Lets the models see every known face before a command goes on, and tells what they cannot see."""

import sys
import time

import click
from rich.progress import MofNCompleteColumn

from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Place
from wsgi_app.base.steps import Steps
from wsgi_app.commands import counted, progress_bar
from wsgi_app.house.embedding import Unreadable, embed_anew
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.pipeline import Pipeline


def see_everybody(pipeline: Pipeline, stores: Stores) -> bool:
    """Embed the faces that these models have not seen yet; whether there were any.

    A progress bar shows it, or a line where that is no terminal; the faces that cannot be embedded are named.
    """
    unseen = len(stores.gallery.unseen_by(pipeline.pack.embedder.key))
    if not unseen:
        return False
    if not sys.stderr.isatty():
        click.echo(f"Embedding {counted(unseen, 'known face')} anew.", err=True)
    with progress_bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("Embedding known faces anew", total=unseen)
        unreadable = embed_anew(
            pipeline,
            stores,
            Steps(time.perf_counter),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    names = stores.people.names(each.face.person_id for each in unreadable)
    for each in unreadable:
        error = _bad_crop(stores, each, names.get(each.face.person_id, each.face.person_id))
        click.echo(f"porteiro: {sentence(error, Place.TERMINAL)}", err=True)
    return True


def _bad_crop(stores: Stores, unreadable: Unreadable, name: str) -> PorteiroError:
    file, error = stores.photos.path(unreadable.face.crop), unreadable.error
    why = sentence(error, Place.TERMINAL) if isinstance(error, PorteiroError) else str(error)
    if unreadable.face.negative:
        return PorteiroError("bad_crop:barring", file=file, name=name, why=why.rstrip("."))
    return PorteiroError("bad_crop:own", file=file, name=name, why=why.rstrip("."))
