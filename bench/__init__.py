"""Measurements against alternatives: speed as ratios, and accuracy on labelled photos."""
