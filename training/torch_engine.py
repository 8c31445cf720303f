"""A network in training, asked as the server asks its networks."""

import torch
from torch import nn

from training.networks import HEAD
from wsgi_app.vision.detect import STRIDES
from wsgi_app.vision.engines import Blob

DETECTOR_OUTPUTS = [f"{kind}_{stride}" for kind in HEAD for stride in STRIDES]


class TorchNetwork:
    """A detector behind the server's ``Network`` protocol."""

    def __init__(self, network: nn.Module):
        self._network = network.eval()
        self._device = next(network.parameters()).device

    @torch.inference_mode()
    def run(self, blob: Blob) -> dict[str, Blob]:
        """Run it once; see ``wsgi_app.vision.engines.Network``."""
        outputs = self._network(torch.from_numpy(blob).to(self._device))
        return {
            name: output.float().cpu().numpy() for name, output in zip(DETECTOR_OUTPUTS, outputs, strict=True)
        }
