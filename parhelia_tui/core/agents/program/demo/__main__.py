"""The start: `python3 -I -S -B __main__.py [SCRIPT]`, from wherever the folder around it lies."""

import importlib
import os
import sys

if __name__ == "__main__":
    outer, here = os.path.split(os.path.dirname(os.path.abspath(__file__)))
    folder, package = os.path.split(outer)
    # Last, so that nothing beside the folder can stand for a part of the standard library.
    sys.path.append(folder)
    sys.exit(importlib.import_module(f"{package}.{here}.run").main())
