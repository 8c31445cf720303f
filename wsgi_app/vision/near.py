"""Faces near the camera: a second look at the whole picture, small and with room around it.

A face that is larger than the detector's cells reach, or than the picture, is not found as what it is: an
eye, or half of it, is taken for a face. Small, and on a ground of the picture's own colour, it is found.
"""

import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import Face, find_faces, fitted, overlaps, shared_areas
from wsgi_app.vision.engines import Network
from wsgi_app.vision.grounds import ground_side, on_ground
from wsgi_app.vision.packs import DetectorFile

# With a picture of 96 px in 192 px, faces of 0.5 to 1.5 times its height are all found, and four of five of
# twice its height (made-up people).
GROUND_PX = 192
PICTURE_SHARE = 0.5  # of the ground's side that the picture's longer side has

# The longer side of a face's box, as a share of the picture's: from NEAR on the second look is the better
# one, and below LEAST it says nothing.
NEAR, LEAST = 0.5, 0.3
SAME_FACE = 0.4  # intersection over union
PART, LARGER = 0.5, 1.3  # share of a box that lies within another, which is so many times larger


def find_near_faces(network: Network, pixels: NDArray[np.uint8], file: DetectorFile) -> tuple[Face, ...]:
    """Find the faces that are large in a picture, or larger than it, the largest first.

    Args:
        network: the loaded detector.
        pixels: uint8 [height, width, 3], RGB.
        file: the pack's description of the detector.

    Returns:
        Faces in pixels of the picture; their boxes and landmarks may lie outside it.

    Raises:
        PackError: the network is no detector of this form.
    """
    side = ground_side(file, GROUND_PX)
    fit, shrink = fitted(pixels, file.input_px)  # at once down to so few pixels takes ten times as long
    small, again = fitted(fit, round(PICTURE_SHARE * side))
    ground, left, top = on_ground(small, side)
    scale = shrink * again
    faces = (face.shifted(-left, -top).scaled(scale) for face in find_faces(network, ground, file))
    return tuple(face for face in faces if longer_side(face) >= LEAST * max(pixels.shape[:2]))


def together(first: tuple[Face, ...], second: tuple[Face, ...], longest_px: int) -> tuple[Face, ...]:
    """What both looks at a picture say, the largest face first.

    Args:
        first: faces that ``find_faces`` found in it.
        second: faces that ``find_near_faces`` found.
        longest_px: the picture's longer side.
    """
    boxes = np.array([face.box for face in second], np.float64).reshape(-1, 4)
    kept = [face for face in first if not _is_part(face, boxes, NEAR * longest_px)]
    firsts = np.array([face.box for face in kept], np.float64).reshape(-1, 4)
    added = [face for face in second if not _is_among(face, firsts)]
    return tuple(sorted((*kept, *added), key=lambda face: face.size_px, reverse=True))


def longer_side(face: Face) -> float:
    """Of a face's box, px."""
    return max(face.box[2:])


def _is_among(face: Face, boxes: NDArray[np.float64]) -> bool:
    return bool((overlaps(np.array(face.box), boxes) >= SAME_FACE).any())


def _is_part(face: Face, boxes: NDArray[np.float64], near_px: float) -> bool:
    """Whether most of a face lies within another, which is clearly larger or knows better."""
    larger = boxes[:, 2:].min(axis=1, initial=np.inf) >= LARGER * face.size_px
    within = shared_areas(np.array(face.box), boxes) >= PART * face.box[2] * face.box[3]
    return bool((within & (larger | (longer_side(face) >= near_px))).any())
