"""Runs the egress process: `python -m parhelia_tui.core.egress DIRECTORY API-FD [PROXY-FD]`."""

from __future__ import annotations

import sys

from parhelia_tui.core.egress.process import main

sys.exit(main(sys.argv[1:]))
