"""``python -m app`` is `cadx-serve`."""

import sys

from app.server import main

sys.exit(main())
