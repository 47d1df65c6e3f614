"""`python -m parhelia_tui`."""

import sys

from parhelia_tui.entry import main

sys.exit(main())
