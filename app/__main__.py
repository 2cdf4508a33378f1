"""``python -m app`` is `cadx-serve`."""

import sys

from app.cli import main

sys.exit(main())
