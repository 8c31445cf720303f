"""Photos framed anew: the same face nearer to the camera, or further from it, in any form of picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import Face

# Width and height, px, by what owners call them.
FORMS = {"16:9": (1536, 864), "4:3": (640, 480), "3:4": (480, 640), "9:16": (864, 1536), "1:1": (720, 720)}


def framed(
    pixels: NDArray[np.uint8], face: Face, size: tuple[int, int], share: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Cut a photo so that a face has a share of the picture's height, in its middle.

    Args:
        pixels: uint8 [height, width, 3], RGB.
        face: in the same pixels.
        size: width and height of the new picture, px.
        share: of its height that the face's box has; beyond 1 the face is cut off.

    Returns:
        The picture, uint8 [height, width, 3], beyond the photo in the colours of its edge; and where the five
        landmarks lie in it, float64 [5, 2].
    """
    width, height = size
    left, top, face_width, face_height = face.box
    scale = share * height / face_height
    shift = np.array([width, height]) / 2 - scale * np.array([left + face_width / 2, top + face_height / 2])
    how = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    picture = cv2.warpAffine(
        pixels,
        np.hstack((np.eye(2) * scale, shift[:, None])),
        size,
        flags=how,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(picture, np.uint8), np.array(face.landmarks) * scale + shift
