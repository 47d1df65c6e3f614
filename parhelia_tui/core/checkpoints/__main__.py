"""One piece of work on the checkpoint store, in a process of its own: `python -m parhelia_tui.core.checkpoints`."""

import sys

from parhelia_tui.core.checkpoints.worker import main

if __name__ == "__main__":
    sys.exit(main())
