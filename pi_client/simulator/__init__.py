"""The door device on a laptop: the very same door, before a drawn device and a folder of photos."""
