"""People: who may be recognised, and when they may come in."""
