"""The models: which pack this house uses, and loading it."""

import time
from pathlib import Path

from wsgi_app.base.config import Config
from wsgi_app.base.errors import PackError
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.steps import Steps
from wsgi_app.vision.nose import NoseFile
from wsgi_app.vision.packs import (
    CATALOGUE,
    EmbedderFile,
    Pack,
    Threshold,
    check_files,
    pack_in,
    read_packs,
)
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.verdicts import Policy

SHIPPED = "embedded"
OWN_RATE = 0.01  # of strangers' photos that are taken for somebody's own without a doubt
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


def is_here(config: Config, pack: Pack) -> bool:
    """Whether every file of a catalogued pack is here and the right one."""
    try:
        check_files(pack, pack_folder(config, pack.name))
    except PackError:
        return False
    return True


def choose(config: Config, name: str) -> None:
    """Keep the owner's choice, a pack's name or folder, for the next start.

    Raises:
        PackError: there is no such pack.
    """
    _, folder = named_pack(config, name)
    kept = name if name in catalogue() else str(folder)
    path = _choice_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{kept}\n", encoding="utf-8")


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
    return tried_pipeline(*chosen_pack(config), nose, config.limits.pictures)


def tried_pipeline(pack: Pack, folder: Path, nose: NoseFile | None, limits: PictureLimits) -> Pipeline:
    """Load a pack's models and look at the built-in picture with them.

    Raises:
        PackError: a file cannot be used, or the face is not found.
    """
    pipeline = Pipeline(pack, folder, nose, limits)
    if not pipeline.check(TEST_PICTURE, Steps(time.perf_counter)):
        raise PackError("pack:blind", pack=pack.name)
    return pipeline


def policy_for(embedder: EmbedderFile, threshold: float, margin: float) -> Policy:
    """When a match is good enough, and from when on a photo is taken for one more of a person's."""
    return Policy(threshold, margin, own=min(own_threshold(embedder), threshold))


def own_threshold(embedder: EmbedderFile) -> float:
    """From which cosine on a photo is taken for one more of a person's without a doubt.

    It passes about one in a hundred of strangers' photos that are given for somebody's. A pack without a
    threshold of that rate has its first one.
    """
    rated = (one.score for one in embedder.thresholds if one.false_accept_rate == OWN_RATE)
    return next(rated, embedder.thresholds[0].score)


def threshold_in_force(config: Config, embedder: EmbedderFile) -> Threshold:
    """The pack's first threshold, or the setting's with what is known of it."""
    measured = embedder.thresholds
    if config.threshold is None:
        return measured[0]
    same = (threshold for threshold in measured if threshold.score == config.threshold)
    return next(same, Threshold(score=config.threshold, measured_on="set by PORTEIRO_THRESHOLD"))
