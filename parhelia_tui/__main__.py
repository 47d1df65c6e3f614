"""`python -m parhelia_tui`."""

import sys

from parhelia_tui.cli.main import main

sys.exit(main())
