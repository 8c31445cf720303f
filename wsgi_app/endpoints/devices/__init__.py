"""Door devices: who may ask, and how each one says it is."""
