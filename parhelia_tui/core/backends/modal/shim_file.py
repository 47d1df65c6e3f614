"""The shim as one file that a sandbox's own Python runs: the same modules as on this machine, in an archive."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import marshal
import os
import shutil
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from typing import IO

import parhelia_tui
from parhelia_tui.core.settings.paths import Paths, private_directory

INSIDE = "/opt/parhelia/shim.zip"
EGRESS_INSIDE = "/opt/parhelia/egress"
_RUN = "from parhelia_tui.core.shim.main import main\ncode = main()\nsys.stdout.flush()\nos._exit(code)\n"
_START = f"import os, sys\n{_RUN}"
_BEGIN = f"import os, sys\nsys.path.insert(0, {INSIDE!r})\nsys.argv[0] = {INSIDE!r}\n{_RUN}"
_EGRESS_START = (
    "import sys\nfrom parhelia_tui.core.egress.process import main\nsys.exit(main(sys.argv[1:]))\n"
)
_KEPT = (".py", ".toml")
_UNCHECKED = 0b01
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
    # Compiling them was three quarters of the start of a supervisor. A Python of another version passes over these
    # and takes the text.
    content |= {f"{name}c": _compiled(name, text) for name, text in content.items()}
    content["__main__.py"] = _START.encode()
    # As they are: to unpack them would cost each of its starts a millisecond for ten of them.
    digest = hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]
    place = private_directory(paths.home / "modal") / f"shim-{digest}.zip"
    if not place.exists():
        new = place.with_suffix(f".{os.getpid()}")
        with new.open("wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for name, data in sorted(content.items()):
                    archive.writestr(zipfile.ZipInfo(name, _SINCE), data)
            _keep(file)
        new.replace(place)
    return place


def egress_folder(paths: Paths) -> Path:
    """Make the directory with what the egress process needs inside: its modules, the prices, and h11.

    Files and no archive, so that the interpreter keeps what it has compiled.
    """
    root = Path(parhelia_tui.__file__).parent
    (h11,) = importlib.import_module("h11").__path__
    names = ["__init__.py", "core/__init__.py", "core/settings/__init__.py", "core/settings/toml_places.py"]
    names += ["core/settings/read_only.py"]
    names += ["core/store/__init__.py", "core/store/connection.py"]
    for folder in ("core/egress", "core/meter", "core/model"):
        names += [f"{folder}/{each.name}" for each in (root / folder).iterdir() if each.suffix in _KEPT]
    content = {f"parhelia_tui/{name}": (root / name).read_bytes() for name in names}
    content |= {f"h11/{each.name}": each.read_bytes() for each in Path(h11).glob("*.py")}
    content["__main__.py"] = _EGRESS_START.encode()
    digest = hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]
    place = private_directory(paths.home / "modal") / f"egress-{digest}"
    if not place.exists():
        new = place.with_suffix(f".{os.getpid()}")
        for name, data in content.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            with (new / name).open("wb") as file:
                file.write(data)
                _keep(file)
        # Who was first has made the same.
        with contextlib.suppress(OSError):
            new.rename(place)
        shutil.rmtree(new, ignore_errors=True)
    return place


def _keep(file: IO[bytes]) -> None:
    """Have a file on the disk before its name: whoever finds the name later takes it for whole."""
    file.flush()
    os.fsync(file.fileno())


def _compiled(name: str, text: bytes) -> bytes:
    """A module as a file that its interpreter takes without a look at the text beside it (PEP 552)."""
    code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    return MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + source_hash(text) + marshal.dumps(code)


def words(*arguments: str) -> tuple[str, ...]:
    """Give the command that runs the shim inside in one of its modes.

    By a text and not by the archive's name: for that Python would import `runpy`, a third of the whole start.
    """
    return ("python3", "-I", "-S", "-c", _BEGIN, *arguments)


_FOLLOW = """\
umask 022
text=$1; shift
mkdir -p -m 700 "$0/lines" && cd "$0" || exit 4
umask 077
[ -e spec.json ] && [ ! -p calls ] && exec python3 -I -S -c "$text" follow "$0" "$@"
line=lines/$$
mkfifo calls $line.in $line.out 2>/dev/null
exec 3<&0
cat <&3 >$line.in & copy=$!
(exec 3<&-; trap 'kill $nap; exit' TERM; sleep 60 & nap=$!; wait $nap
if [ -p $line.in ]; then kill $copy; exec 4<>calls 5<>$line.out; rm -f $line.in $line.out; sleep 1; fi
) </dev/null >/dev/null 2>&1 & guard=$!
echo "$$ $*" >calls
cat $line.out 3<&-
kill $copy $guard 2>/dev/null
"""


def follow_words(directory: str, *numbers: int) -> tuple[str, ...]:
    """Give the command that has the keeper of a sandbox tell what comes (`core/shim/calls.py`).

    A shell that copies between its own streams and the keeper's answer: 4 ms of a processor, where a Python takes 20.
    It may be there before the keeper, and waits for it then. One that does not answer within a minute is left, so
    that a sandbox whose keeper hangs is idle for its provider. A keeper of an earlier version takes no calls.
    """
    return ("sh", "-c", _FOLLOW, directory, _BEGIN, *(str(each) for each in numbers))
