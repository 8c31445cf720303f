"""Whether a crop shows a face where its landmarks say: the detector looks at it once more.

Landmarks are laid over whatever the detector took for a face. Over half a face, over one that lies or over a
sleeve they make crops that are alike whoever they show.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.align import TEMPLATE
from wsgi_app.vision.detect import find_faces
from wsgi_app.vision.engines import Network
from wsgi_app.vision.grounds import ground_side, on_ground
from wsgi_app.vision.packs import DetectorFile

GROUND_PX = 128
EYE_DISTANCE_PX = float(np.linalg.norm(TEMPLATE[1] - TEMPLATE[0]))


@dataclass(frozen=True)
class Recheck:
    """What the detector says of a crop.

    Attributes:
        score: its certainty that there is a face, 0 without one.
        shift: how far its landmarks lie from the template's, on average, in eye distances; infinite without a
            face.
    """

    score: float
    shift: float


NO_FACE = Recheck(0.0, float("inf"))


def recheck(network: Network, crop: NDArray[np.uint8], file: DetectorFile) -> Recheck:
    """Look at an aligned face again.

    Args:
        network: the loaded detector.
        crop: uint8 [112, 112, 3], RGB, aligned.
        file: the pack's description of the detector.

    Raises:
        PackError: the network is no detector.
    """
    ground, left, top = on_ground(crop, ground_side(file, GROUND_PX))
    faces = find_faces(network, ground, file)
    if not faces:
        return NO_FACE
    landmarks = np.array(faces[0].shifted(-left, -top).landmarks)
    shift = float(np.linalg.norm(landmarks - TEMPLATE, axis=1).mean()) / EYE_DISTANCE_PX
    return Recheck(faces[0].score, shift)
