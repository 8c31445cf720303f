"""How long the networks of a pack take on this machine."""

import time
from pathlib import Path
from statistics import median

import numpy as np

from wsgi_app.vision.align import CROP_PX
from wsgi_app.vision.detect import detector_blob
from wsgi_app.vision.embed import embedder_blob
from wsgi_app.vision.engines import Blob, Network, load_network
from wsgi_app.vision.packs import Pack

DOOR_PX = (540, 960)  # height and width of a door's photo
RUNS = 50


def look_milliseconds(pack: Pack, folder: Path, runs: int = RUNS) -> tuple[float, float]:
    """How long its detector takes for a door's photo, and its embedder for a face; see ``milliseconds``.

    Raises:
        PackError: a file cannot be used.
    """
    detector, embedder = pack.detector, pack.embedder
    photo, face = (np.zeros((height, width, 3), np.uint8) for height, width in (DOOR_PX, (CROP_PX, CROP_PX)))
    photo_blob, _ = detector_blob(photo, detector)
    finds = load_network(pack.path_of(detector, folder), detector.opencv_input)
    tells = load_network(pack.path_of(embedder, folder), embedder.opencv_input)
    telling = embedder.runs * milliseconds(tells, embedder_blob(face, embedder), runs)
    return milliseconds(finds, photo_blob, runs), telling


def milliseconds(network: Network, blob: Blob, runs: int) -> float:
    """The median time of one run, all of it on one core: what else runs there does not count."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        network.run(blob)
        times.append(time.process_time() - started)
    return 1000 * median(times)
