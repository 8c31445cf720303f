"""The models: which pack this house uses, and loading it."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wsgi_app.base.config import Config
from wsgi_app.base.errors import PackError
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.steps import Steps
from wsgi_app.vision.nose import NoseFile
from wsgi_app.vision.packs import (
    CATALOGUE,
    SHIPPED,
    Pack,
    check_files,
    pack_in,
    read_packs,
)
from wsgi_app.vision.pipeline import Pipeline

# One made-up face, on which the networks are tried before the first photo and by /health/ready.
TEST_PICTURE = (CATALOGUE.parent / "test-picture.jpg").read_bytes()


def catalogue() -> dict[str, Pack]:
    """The packs known by name."""
    return read_packs(CATALOGUE)


def pack_folder(config: Config, name: str) -> Path:
    """Where a pack known by name lies, here or once it is fetched."""
    return CATALOGUE.parent if name == SHIPPED else config.data / "models" / name


def chosen_pack(config: Config) -> tuple[Pack, Path]:
    """The pack in force and its folder: the setting's, else the one chosen by ``use``, else the shipped one.

    Raises:
        PackError: it is missing, incomplete or altered; the message says what to do.
    """
    with _naming_settings(config):
        pack, folder = named_pack(config, config.pack or _read_choice(config) or SHIPPED)
        check_files(pack, folder)
    return pack, folder


def named_pack(config: Config, name: str) -> tuple[Pack, Path]:
    """A pack by its name in the catalogue, or by its folder.

    Raises:
        PackError: there is none.
    """
    packs = catalogue()
    if name in packs:
        return packs[name], pack_folder(config, name)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise PackError("pack:neither", name=name, packs=", ".join(packs))
    return pack_in(folder), folder.resolve()


def choose(config: Config, name: str) -> None:
    """Keep the owner's choice, a pack's name or folder, for the next start.

    Raises:
        PackError: there is no such pack.
    """
    _, folder = named_pack(config, name)
    kept = name if name in catalogue() else str(folder)
    path = _choice_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    number, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(f"{kept}\n")
            stream.flush()
            os.fsync(number)
        Path(staged).replace(path)  # whole before it has its name: a worker may start at any moment
    finally:
        Path(staged).unlink(missing_ok=True)


def _choice_file(config: Config) -> Path:
    return config.data / "models" / "chosen"


def _read_choice(config: Config) -> str | None:
    path = _choice_file(config)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def load_pipeline(config: Config) -> Pipeline:
    """Load the models that the settings name, and try them: the first photo then waits for nothing.

    Raises:
        PackError: there is no pack, or a file of it cannot be used; the message says what to do.
    """
    nose = None
    if config.nose_model is not None:
        nose = NoseFile(config.nose_model, config.nose_input_px, config.nose_channels)
    pack, folder = chosen_pack(config)
    with _naming_settings(config):
        return tried_pipeline(pack, folder, nose, config.limits.pictures)


@contextmanager
def _naming_settings(config: Config) -> Iterator[None]:
    """Have what is wrong with the models named with the setting that names them."""
    try:
        yield
    except PackError as error:
        if config.nose_model is not None and error.values.get("file") == config.nose_model:
            error.setting = f"PORTEIRO_NOSE_MODEL={str(config.nose_model)!r}"
            if error.key == "pack:cannot_look":
                error.setting += f", PORTEIRO_NOSE_INPUT_PX={config.nose_input_px}"
        elif config.pack:
            error.setting = f"PORTEIRO_PACK={config.pack!r}"
        raise


def tried_pipeline(pack: Pack, folder: Path, nose: NoseFile | None, limits: PictureLimits) -> Pipeline:
    """Load a pack's models and look at the built-in picture with them.

    Raises:
        PackError: a file cannot be used, or the face is not found.
    """
    pipeline = Pipeline(pack, folder, nose, limits)
    if not pipeline.check(TEST_PICTURE, Steps(time.perf_counter)):
        raise PackError("pack:blind", pack=pack.name)
    return pipeline
