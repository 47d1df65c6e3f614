"""Processor time of what is started in a sandbox before its first output is told.

Run it from the root of the tree, where nothing else has the processors first:
`chrt -r 1 python -m docs.decisions.scripts.sandbox_follow` (see 0008).
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from parhelia_tui.core.backends.modal import shim_file
from parhelia_tui.core.settings.paths import Paths

ROUNDS = 31
RELAY = (
    'mkdir -p -m 700 "$0/lines"; cd "$0"; mkfifo calls lines/$$.in lines/$$.out 2>/dev/null;'
    " cat </dev/null & (sleep 0) & cat </dev/null; wait"
)
LEAVE = "import posix; posix._exit(0)"
"""Without taking the interpreter down, which nobody waits for."""
KEEPER = "from parhelia_tui.core.shim import keeper; "
LOADED = f"{KEEPER}from parhelia_tui.core.shim import kinship, supervisor; "


def milliseconds(command: list[str]) -> float:
    """One start of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def as_before(archive: Path) -> Path:
    """The archive as it was: each module compiled by itself, none in front."""
    target = archive.with_name("before.zip")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            text = source.read(name)
            copy.writestr(name, text)
            copy.writestr(f"{name}c", shim_file._compiled(name, text))
    return target


def as_files(archive: Path) -> Path:
    """An archive as a directory of texts, as the image held the egress process."""
    target = archive.with_name("files")
    with zipfile.ZipFile(archive) as source:
        source.extractall(target, [name for name in source.namelist() if not name.endswith("c")])
    return target


def main() -> None:
    """Print them."""
    # That of an environment would first look for it.
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    with tempfile.TemporaryDirectory() as place:
        archive, egress = (make(Paths(Path(place))) for make in (shim_file.shim_file, shim_file.egress_file))
        before, files = as_before(archive), as_files(egress)
        begin = shim_file._BEGIN.replace(shim_file.INSIDE, str(archive)).partition("code = main()")[0]
        old = f"import sys; sys.path.insert(0, {str(before)!r}); "
        way = "import sys; sys.path.insert(0, {!r}); from parhelia_tui.core.egress import process; "
        starts = {
            "a Python that does nothing": LEAVE,
            "the keeper, all loaded, module by module": f"{old}{LOADED}import ctypes; {LEAVE}",
            "the keeper, all loaded": f"{begin}{LOADED}{LEAVE}",
            "the keeper, as far as it answers": f"{begin}{KEEPER}{LEAVE}",
            "the egress process, of texts": f"{way.format(str(files))}{LEAVE}",
            "the egress process, compiled": f"{way.format(str(egress))}{LEAVE}",
        }
        # A sandbox is new, so nothing that an interpreter has compiled there is left of an earlier start.
        commands = {name: [python, "-I", "-S", "-B", "-c", text] for name, text in starts.items()}
        commands["following, by a shell that copies"] = ["sh", "-c", RELAY, f"{place}/run"]
        took: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                took[name].append(milliseconds(command))
        for name, each in took.items():
            print(f"{name:<42} {statistics.median(each):6.1f} ms, least {min(each):6.1f}")


if __name__ == "__main__":
    main()
