"""What is wrong with an aligned face, by a network that looks for it: squeezed, covered, or unclear.

Embedders answer alike to faces that lack the same thing, whoever they show.
"""

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.errors import PackError
from wsgi_app.vision.engines import Network
from wsgi_app.vision.packs import FaultsFile

MEAN = DEVIATION = 127.5  # of each channel, on the 0..255 scale


def find_fault(network: Network, crop: NDArray[np.uint8], file: FaultsFile) -> tuple[str, float]:
    """Ask the network.

    Args:
        network: the loaded file.
        crop: uint8 [112, 112, 3], RGB, aligned.
        file: its description.

    Returns:
        The likeliest fault's outcome, and how likely it is: above 0 where it is likelier than in nearly all
        good photos.

    Raises:
        PackError: the network gives something else than its description says.
    """
    blob = np.ascontiguousarray(((crop.astype(np.float32) - MEAN) / DEVIATION).transpose(2, 0, 1)[None])
    outputs = list(network.run(blob).values())
    found = np.concatenate([output.reshape(-1) for output in outputs]) if outputs else np.zeros(0, np.float32)
    if len(outputs) != 1 or len(found) != len(file.outcomes) or not np.isfinite(found).all():
        raise PackError("pack:no_faults", file=file.file)
    likeliest = int(found.argmax())
    return file.outcomes[likeliest], float(found[likeliest])
