"""Porteiro's server: a doorman that looks at one photo and says who is at the door."""

from importlib.metadata import version

__version__ = version("porteiro")
