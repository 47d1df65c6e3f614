"""The shim as one file that a sandbox's own Python runs: the same modules as on this machine, in an archive."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import parhelia_tui
from parhelia_tui.core.settings.paths import Paths, private_directory

INSIDE = "/opt/parhelia/shim.zip"
_START = "import os, sys\nfrom parhelia_tui.core.shim.main import main\ncode = main()\nsys.stdout.flush()\nos._exit(code)\n"
_SINCE = (1980, 1, 1, 0, 0, 0)


def shim_file(paths: Paths) -> Path:
    """Write the archive where it is not yet; its name carries its content's hash, and the same is always the same."""
    root = Path(parhelia_tui.__file__).parent
    names = [
        "__init__.py",
        "core/__init__.py",
        *sorted(f"core/shim/{each.name}" for each in (root / "core/shim").glob("*.py")),
    ]
    content = {f"parhelia_tui/{name}": (root / name).read_bytes() for name in names}
    content["__main__.py"] = _START.encode()
    digest = hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]
    place = private_directory(paths.home / "modal") / f"shim-{digest}.zip"
    if not place.exists():
        new = place.with_suffix(f".{os.getpid()}")
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(content.items()):
                archive.writestr(zipfile.ZipInfo(name, _SINCE), data, zipfile.ZIP_DEFLATED)
        new.replace(place)
    return place


def words(*arguments: str) -> tuple[str, ...]:
    """Give the command that runs the shim inside in one of its modes."""
    return ("python3", "-I", "-S", INSIDE, *arguments)
