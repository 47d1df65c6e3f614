"""The start: `python3 -I -S -B __main__.py [SCRIPT]`, from wherever the folder lies."""

import importlib
import os
import sys

if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    # Last, so that nothing beside the folder can stand for a part of the standard library.
    sys.path.append(os.path.dirname(here))
    sys.exit(importlib.import_module(os.path.basename(here) + ".run").main())
