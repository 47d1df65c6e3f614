"""`python -m parhelia_tui.core.control`: the controller's process."""

import sys

from parhelia_tui.core.control.process import main

sys.exit(main())
