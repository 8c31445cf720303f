"""Speed against the bare models, against a tutorial's server, and of large photos: ``python -m bench``."""
