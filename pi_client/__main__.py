"""``python -m pi_client``."""

import sys

from pi_client.cli import main

sys.exit(main())
