"""Made-up faces, as far as a comparison sees them."""

import numpy as np

from wsgi_app.vision.embed import Embedding


def at(degrees: float) -> Embedding:
    """A unit vector in the plane: the cosine of two is the cosine of the angle between them."""
    angle = np.radians(degrees)
    return np.array((np.cos(angle), np.sin(angle)), np.float32)
