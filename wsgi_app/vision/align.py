"""A face turned upright, scaled and cut out, so that every embedder sees eyes and mouth in the same place."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import Face

CROP_PX = 112
COINCIDENT_PX = 1e-3  # points that lie closer together than this have no direction

# Where the five landmarks of an aligned 112x112 face lie: the template of ArcFace (Deng et al., 2019), which
# both SFace and MobileFaceNet were trained with.
TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)],
    np.float64,
)

# Points all over a crop, four pixels apart.
_CROP_POINTS = np.stack(np.meshgrid(*[np.arange(2.0, CROP_PX, 4.0)] * 2), axis=-1).reshape(-1, 2)


def align(pixels: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """Cut a face out of the picture it was found in.

    Args:
        pixels: uint8 [height, width, 3].
        face: in the same pixels.

    Returns:
        uint8 [112, 112, 3], the face upright on the template; what lies beyond the picture has the colours of
        its edge, which spoils a face less than black does.
    """
    crop = cv2.warpAffine(
        pixels,
        similarity(np.array(face.landmarks, np.float64), TEMPLATE),
        (CROP_PX, CROP_PX),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, np.uint8)


def outside(face: Face, width: float, height: float) -> float:
    """The share of a face's crop that lies beyond the picture it was found in, 0 to 1.

    Args:
        face: in pixels of the picture.
        width: of the picture, px.
        height: of the picture, px.
    """
    transform = similarity(np.array(face.landmarks, np.float64), TEMPLATE)
    points = (_CROP_POINTS - transform[:, 2]) @ np.linalg.pinv(transform[:, :2]).T
    inside = (points >= 0).all(axis=1) & (points <= (width, height)).all(axis=1)
    return float(1 - inside.mean())


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation, uniform scale and shift that best take one set of points to another.

    Least squares without reflection, after Umeyama, "Least-squares estimation of transformation parameters
    between two point patterns", 1991, equations 40 to 43.

    Args:
        source: float64 [n, 2].
        target: float64 [n, 2].

    Returns:
        float64 [2, 3] for ``cv2.warpAffine``; points that all coincide give a pure shift.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred = source - source_mean
    variance = float((centred**2).sum()) / len(source)
    if variance < COINCIDENT_PX**2:
        return np.hstack((np.eye(2), (target_mean - source_mean)[:, None]))
    left, singular, right = np.linalg.svd((target - target_mean).T @ centred / len(source))
    mirror = np.diag((1.0, np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0))
    rotation = left @ mirror @ right
    scale = float(singular @ np.diag(mirror)) / variance
    shift = target_mean - scale * rotation @ source_mean
    return np.hstack((scale * rotation, shift[:, None]))
