"""The inbox of faces that nobody knows."""
