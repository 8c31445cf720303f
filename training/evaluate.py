"""Measure model packs side by side: ``python -m training.evaluate FOLDER [FOLDER ...] --data DIR``."""

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import MofNCompleteColumn, track
from rich.table import Table

from bench.shots import read_shots
from bench.verification import best_accuracy, is_supported, true_accept_rate
from training.detection import BANDS, LARGE_PX, PRECISION, evaluate_detector
from training.faces import FACE_PX, Pairs, centre, read_pairs
from training.known import KnownFaces, of_families, of_press, of_shots
from training.pointing import NOSE, diagonal_errors, nose_of
from training.scenes import Scene, read_scenes
from training.verification import Rows, known_rows
from wsgi_app.base.errors import PackError
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.sentences import Place
from wsgi_app.commands import progress_bar
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.detect import detector_blob, find_faces
from wsgi_app.vision.embed import Embedding, embed, embedder_blob
from wsgi_app.vision.engines import Blob, Network, load_network
from wsgi_app.vision.nose import NoseFile, find_nose, nose_blob
from wsgi_app.vision.packs import check_files, pack_in
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.timing import milliseconds

RATES = (0.1, 0.01, 0.001)
TIMED_PX = (192, 320)  # height and width of the picture that the detector is timed with
TIMED_RUNS = 200

Tables = dict[str, Rows]  # by their titles


class MeasuredPack:
    """A pack, loaded, and what is measured of it."""

    def __init__(self, folder: Path):
        """Load it.

        Raises:
            PackError: a file is missing, altered, or no network.
        """
        self._folder, self.pack = folder, pack_in(folder)
        check_files(self.pack, folder)
        detector, embedder = self.pack.detector, self.pack.embedder
        self._detector = load_network(self.pack.path_of(detector, folder), detector.opencv_input)
        self._embedder = load_network(self.pack.path_of(embedder, folder), embedder.opencv_input)
        nose = self.pack.nose
        self._nose_file = (
            NoseFile(self.pack.path_of(nose, folder), nose.input_px, nose.channels) if nose else None
        )
        self._nose = load_network(self._nose_file.path) if self._nose_file else None

    def detector_rows(self, scenes: list[Scene]) -> Rows:
        """Recall, precision and landmark error on scenes, by the size of the face."""
        file = self.pack.detector
        found = evaluate_detector(self._detector, scenes, file.input_px, file.sizes)
        large = found.threshold(LARGE_PX)
        rows = {
            f"recall over {LARGE_PX:g} px at precision {PRECISION:g}": _share(found.recall(large, LARGE_PX)),
            "  at score": f"{large:.2f}",
            f"landmark error over {LARGE_PX:g} px, in eye distances": (
                f"{found.landmark_error(large, LARGE_PX):.3f}"
            ),
        }
        for least, most in BANDS:
            among = (file.score_threshold, least, most)
            name = f"{least:g} to {most:g} px" if np.isfinite(most) else f"over {least:g} px"
            rows[f"{name}: recall, precision at score {file.score_threshold:g}"] = (
                f"{_share(found.recall(*among))}, {_share(found.precision(*among))}"
            )
        return rows

    def embedder_tables(self, pairs: Pairs, press: KnownFaces, photos: Path | None) -> Tables:
        """How well people are told apart: listed pairs, and everybody with everybody, also by group.

        Groups are compared at the threshold for one in 1,000; where a table has too few pairs for it, at that
        of the held-out families.
        """
        vectors = self._vectors(centre(pairs.crops, FACE_PX))
        listed = f"Embedder, {len(pairs.kinds):,} held-out pairs"
        families, in_force = known_rows(of_families(pairs), vectors, None)
        tables = {listed: _listed_rows(pairs, vectors), "Embedder, held-out families": families}
        further = [("press photos held out", press)]
        if photos is not None:
            further.append((f"photos in {photos.name}", self._found_in(photos)))
        for name, faces in further:
            if len(faces.crops):
                rows, _ = known_rows(faces, self._vectors(faces.crops), in_force)
                tables[f"Embedder, {name}"] = rows
        return tables

    def nose_rows(self, scenes: list[Scene]) -> Rows:
        """Error of the nose on scenes with one main face, in per cent of the diagonal."""
        with_nose = [(scene, nose) for scene in scenes if (nose := nose_of(scene)) is not None]
        points = [(self._point(scene.pixels), nose, scene.pixels.shape[1::-1]) for scene, nose in with_nose]
        pointed = [point for point in points if point[0] is not None]
        rows = {"pictures, nose found in": f"{len(with_nose)}, {len(pointed)}"}
        if not pointed:
            return rows
        found, true, sides = (np.array(column) for column in zip(*pointed, strict=True))
        errors = diagonal_errors(found, true, sides)
        return rows | {
            "median error, % of the diagonal": f"{np.median(errors):.2f}",
            "90 of 100 are below": f"{np.quantile(errors, 0.9):.2f}",
        }

    def time_rows(self) -> Rows:
        """Milliseconds of processor time, all of it on one core: what else runs there does not count."""
        picture = np.random.default_rng(1).integers(0, 256, (*TIMED_PX, 3), np.uint8)
        crop = np.ascontiguousarray(picture[:FACE_PX, :FACE_PX])
        blob, _ = detector_blob(picture, self.pack.detector)
        rows = {
            f"detector at {blob.shape[3]}x{blob.shape[2]}, ms": _timed(self._detector, blob),
            "embedder, ms": _timed(
                self._embedder, embedder_blob(crop, self.pack.embedder), self.pack.embedder.runs
            ),
        }
        if self._nose is not None and self._nose_file is not None:
            rows["nose, ms"] = _timed(self._nose, nose_blob(picture, self._nose_file))
        return rows

    def _vectors(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        faces = track(crops, f"{self.pack.name}: embedding", transient=True)
        vectors: list[Embedding] = [embed(self._embedder, face, self.pack.embedder) for face in faces]
        return np.stack(vectors)

    def _found_in(self, photos: Path) -> KnownFaces:
        pipeline = Pipeline(self.pack, self._folder, None, PictureLimits())
        with progress_bar(MofNCompleteColumn()) as progress:
            return of_shots(read_shots(pipeline, photos, None, progress))

    def _point(self, pixels: NDArray[np.uint8]) -> tuple[float, float] | None:
        if self._nose is not None and self._nose_file is not None:
            return find_nose(self._nose, pixels, self._nose_file)
        faces = find_faces(self._detector, pixels, self.pack.detector)
        if not faces:
            return None
        x, y = faces[0].landmarks[NOSE]
        return x / pixels.shape[1], y / pixels.shape[0]


def _listed_rows(pairs: Pairs, vectors: NDArray[np.float32]) -> Rows:
    scores = (vectors[pairs.first] * vectors[pairs.second]).sum(1)
    genuine = scores[pairs.kinds == "genuine"]
    rows = {}
    for kind in ("stranger", "relative"):
        impostors = scores[pairs.kinds == kind]
        rows[f"{kind}s: accuracy"] = _share(best_accuracy(genuine, impostors))
        rows |= {f"{kind}s: TAR at FAR {rate:g}": _supported(genuine, impostors, rate) for rate in RATES}
    return rows


def _supported(genuine: NDArray[np.float32], impostors: NDArray[np.float32], rate: float) -> str:
    if not is_supported(len(impostors), rate):
        return "too few pairs"
    return _share(true_accept_rate(genuine, impostors, rate))


def _share(value: float) -> str:
    return f"{value:.3f}"


def _timed(network: Network, blob: Blob, runs: int = 1) -> str:
    return f"{runs * milliseconds(network, blob, TIMED_RUNS):.2f}"


def _sections(
    scenes: list[Scene], tables_of: Callable[[MeasuredPack], Tables]
) -> list[Callable[[MeasuredPack], Tables]]:
    return [
        lambda pack: {f"Detector, {len(scenes)} held-out scenes": pack.detector_rows(scenes)},
        tables_of,
        lambda pack: {"Nose, held-out scenes with one main face": pack.nose_rows(scenes)},
        lambda pack: {"One core": pack.time_rows()},
    ]


@click.command()
@click.argument(
    "folders", type=click.Path(path_type=Path, exists=True, file_okay=False), nargs=-1, required=True
)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="Training material."
)
@click.option(
    "--photos",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Further photos, in folders by name or as NAME-NUMBER: tests/photos.",
)
def main(folders: tuple[Path, ...], data: Path, photos: Path | None) -> None:
    """Measure packs on held-out faces and scenes, one column each; intervals are of 95 %."""
    try:
        _measure([MeasuredPack(folder) for folder in folders], data, photos)
    except PackError as error:
        raise click.ClickException(sentence(error, Place.TERMINAL)) from error


def _measure(packs: list[MeasuredPack], data: Path, photos: Path | None) -> None:
    _, scenes = read_scenes(data)
    pairs, press = read_pairs(data), of_press(data)
    console = Console()
    for tables_of in _sections(scenes, lambda pack: pack.embedder_tables(pairs, press, photos)):
        columns = [tables_of(measured) for measured in packs]
        for title in dict.fromkeys(title for column in columns for title in column):
            console.print(_table(title, packs, [column.get(title, {}) for column in columns]))


def _table(title: str, packs: list[MeasuredPack], columns: list[Rows]) -> Table:
    table = Table("", *(measured.pack.name for measured in packs), title=title, title_justify="left")
    for name in dict.fromkeys(name for column in columns for name in column):
        table.add_row(name, *(column.get(name, "") for column in columns))
    return table


if __name__ == "__main__":
    main()
