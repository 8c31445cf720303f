"""Measure model packs side by side: ``python -m training.evaluate FOLDER [FOLDER ...] --data DIR``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.verification import best_accuracy, is_supported, threshold_at, true_accept_rate
from training.detection import BANDS, LARGE_PX, PRECISION, evaluate_detector
from training.faces import FACE_PX, Pairs, centre, read_pairs
from training.groups import groups_of, rates_within
from training.pointing import NOSE, diagonal_errors, nose_of
from training.scenes import Scene, read_scenes
from wsgi_app.base.errors import PackError
from wsgi_app.base.sentences import Place
from wsgi_app.house.words.errors import sentence
from wsgi_app.vision.detect import detector_blob, find_faces
from wsgi_app.vision.embed import Embedding, embed, embedder_blob
from wsgi_app.vision.engines import Blob, Network, load_network
from wsgi_app.vision.nose import NoseFile, find_nose, nose_blob
from wsgi_app.vision.packs import Pack, check_files, pack_in
from wsgi_app.vision.timing import milliseconds

RATES = (0.1, 0.01, 0.001)
THRESHOLD_RATES = (0.001, 0.01, 0.0001)  # the first is the one in force
TIMED_PX = (192, 320)  # height and width of the picture that the detector is timed with
TIMED_RUNS = 200

Rows = dict[str, str]


class MeasuredPack:
    """A pack, loaded, and what is measured of it."""

    def __init__(self, folder: Path):
        """Load it.

        Raises:
            PackError: a file is missing, altered, or no network.
        """
        self.pack: Pack = pack_in(folder)
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

    def embedder_rows(self, pairs: Pairs) -> Rows:
        """Accuracy and true-accept rates on pairs, and the thresholds measured on all cross-family pairs."""
        vectors = self._vectors(pairs)
        scores = (vectors[pairs.first] * vectors[pairs.second]).sum(1)
        genuine = scores[pairs.kinds == "genuine"]
        rows = {}
        for kind in ("stranger", "relative"):
            impostors = scores[pairs.kinds == kind]
            rows[f"{kind}s: accuracy"] = _share(best_accuracy(genuine, impostors))
            rows |= {f"{kind}s: TAR at FAR {rate:g}": _supported(genuine, impostors, rate) for rate in RATES}
        strangers = cross_family_scores(vectors, pairs)
        rows["cross-family pairs"] = f"{len(strangers):,}"
        for rate in THRESHOLD_RATES:
            threshold = threshold_at(strangers, rate)
            passed = float(np.mean(genuine >= threshold))
            rows[f"  threshold for FAR {rate:g}, TAR there"] = f"{threshold:.3f}, {passed:.2f}"
        relatives = scores[pairs.kinds == "relative"]
        in_force = threshold_at(strangers, THRESHOLD_RATES[0])
        rows["  relatives that pass the first"] = _share(float(np.mean(relatives >= in_force)))
        for name, group in groups_of(pairs):
            rates = rates_within(group, vectors, pairs, in_force)
            rows[f"{name}: FAR, TAR there"] = f"{rates[0]:.4f}, {rates[1]:.2f}" if rates else "too few pairs"
        return rows

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
            "embedder, ms": _timed(self._embedder, embedder_blob(crop, self.pack.embedder)),
        }
        if self._nose is not None and self._nose_file is not None:
            rows["nose, ms"] = _timed(self._nose, nose_blob(picture, self._nose_file))
        return rows

    def _vectors(self, pairs: Pairs) -> NDArray[np.float32]:
        faces = track(centre(pairs.crops, FACE_PX), f"{self.pack.name}: embedding", transient=True)
        vectors: list[Embedding] = [embed(self._embedder, face, self.pack.embedder) for face in faces]
        return np.stack(vectors)

    def _point(self, pixels: NDArray[np.uint8]) -> tuple[float, float] | None:
        if self._nose is not None and self._nose_file is not None:
            return find_nose(self._nose, pixels, self._nose_file)
        faces = find_faces(self._detector, pixels, self.pack.detector)
        if not faces:
            return None
        x, y = faces[0].landmarks[NOSE]
        return x / pixels.shape[1], y / pixels.shape[0]


def cross_family_scores(vectors: NDArray[np.float32], pairs: Pairs) -> NDArray[np.float32]:
    """The cosine of every two faces [N, size] whose people are of different families."""
    first, second = np.triu_indices(len(vectors), 1)
    apart = pairs.families[first] != pairs.families[second]
    return np.asarray((vectors @ vectors.T)[first[apart], second[apart]], np.float32)


def _supported(genuine: NDArray[np.float32], impostors: NDArray[np.float32], rate: float) -> str:
    if not is_supported(len(impostors), rate):
        return "too few pairs"
    return _share(true_accept_rate(genuine, impostors, rate))


def _share(value: float) -> str:
    return f"{value:.3f}"


def _timed(network: Network, blob: Blob) -> str:
    return f"{milliseconds(network, blob, TIMED_RUNS):.2f}"


def _sections(scenes: list[Scene], pairs: Pairs) -> Iterator[tuple[str, Callable[[MeasuredPack], Rows]]]:
    yield f"Detector, {len(scenes)} held-out scenes", lambda pack: pack.detector_rows(scenes)
    yield f"Embedder, {len(pairs.kinds):,} held-out pairs", lambda pack: pack.embedder_rows(pairs)
    yield "Nose, held-out scenes with one main face", lambda pack: pack.nose_rows(scenes)
    yield "One core", lambda pack: pack.time_rows()


@click.command()
@click.argument(
    "folders", type=click.Path(path_type=Path, exists=True, file_okay=False), nargs=-1, required=True
)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="Training material."
)
def main(folders: tuple[Path, ...], data: Path) -> None:
    """Measure packs on held-out faces and scenes, one column each."""
    try:
        _measure([MeasuredPack(folder) for folder in folders], data)
    except PackError as error:
        raise click.ClickException(sentence(error, Place.TERMINAL)) from error


def _measure(packs: list[MeasuredPack], data: Path) -> None:
    _, scenes = read_scenes(data)
    console = Console()
    for title, rows_of in _sections(scenes, read_pairs(data)):
        table = Table("", *(measured.pack.name for measured in packs), title=title, title_justify="left")
        columns = [rows_of(measured) for measured in packs]
        for name in dict.fromkeys(name for column in columns for name in column):
            table.add_row(name, *(column.get(name, "") for column in columns))
        console.print(table)


if __name__ == "__main__":
    main()
