"""From a photo's bytes to a verdict: plain functions over arrays.

OpenCV and ONNX Runtime are here alone. It imports ``base``: no HTTP and no storage.

bytes -> ``decode`` -> ``detect`` -> ``align`` -> ``embed`` -> ``match``; ``quality`` says whether a face is
good enough to judge, ``nose`` points at one, ``pipeline`` puts the steps together.
"""
