"""Embedders of which only the measured thresholds matter."""

from wsgi_app.vision.packs import EmbedderFile, StrangerRate, Threshold


def embedder(*thresholds: Threshold, strangers: tuple[StrangerRate, ...] = ()) -> EmbedderFile:
    """One with these thresholds."""
    return EmbedderFile(
        file="embedder.onnx",
        sha256="0" * 64,
        size_bytes=1,
        licence="none",
        source="made up",
        embedding_size=2,
        channels="rgb",
        mean=(0.0, 0.0, 0.0),
        deviation=(1.0, 1.0, 1.0),
        thresholds=thresholds,
        strangers=strangers,
    )
