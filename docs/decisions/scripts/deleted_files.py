"""How long making a file takes after many were deleted beside it: `python docs/decisions/scripts/deleted_files.py DIR`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.harness import file_seconds

DIRECTORIES, FILES = 40, 500
LOOKS, EVERY_S = 7, 15.0


def main(base: Path) -> None:
    """Make 20,000 files in a directory, delete them, and look every now and then."""
    place = Path(tempfile.mkdtemp(prefix="deleted-files-", dir=base))
    try:
        print(f"before: {look(place):.0f} us")
        for number in range(DIRECTORIES):
            directory = place / str(number)
            directory.mkdir()
            for file in range(FILES):
                (directory / str(file)).touch()
        for number in range(DIRECTORIES):
            shutil.rmtree(place / str(number))
        for number in range(LOOKS):
            print(f"after {number * EVERY_S:.0f} s: {look(place):.0f} us", flush=True)
            # What is measured is what time does to it.
            time.sleep(EVERY_S)
    finally:
        shutil.rmtree(place)


def look(place: Path) -> float:
    """Microseconds for a file in a directory of its own."""
    with tempfile.TemporaryDirectory(dir=place) as here:
        return file_seconds(Path(here)) * 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]))
