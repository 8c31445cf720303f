"""Porteiro's door device: a button, three lamps, a camera, and never green on a doubt."""

__version__ = "0.1.0"
