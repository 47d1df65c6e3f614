"""The shim as one file that a sandbox's own Python runs: the same modules as on this machine, in an archive."""

from __future__ import annotations

import hashlib
import importlib
import marshal
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path
from types import CodeType

import parhelia_tui
from parhelia_tui.core.backends.local import shim_code
from parhelia_tui.core.settings.paths import Paths, private_directory

INSIDE = "/opt/parhelia/shim.zip"
EGRESS_INSIDE = "/opt/parhelia/egress.zip"
_TAG = 16
# The code in front of the archive is for an interpreter of the version that made it (`bundle.py`); any other takes the
# texts, and so does one of any version in a sandbox that was made before there was such code.
_RUN = """\
import sys
from marshal import loads
from posix import O_RDONLY, _exit, open, pread
file = open(sys.argv[0], O_RDONLY)
if pread(file, 16, 0).rstrip() == sys.implementation.cache_tag.encode():
    code, places = loads(pread(file, int(pread(file, 8, 16)), 24))
    exec(code, loader := {"__name__": "loader"})
    loader["install"](file, places)
else:
    sys.path.insert(0, sys.argv[0])
from parhelia_tui.core.shim.main import main
code = main()
sys.stdout.flush()
_exit(code)
"""
_BEGIN = f"import sys\nsys.argv[0] = {INSIDE!r}\n{_RUN}"
_EGRESS_BEGIN = (
    f"import sys\nsys.path.insert(0, {EGRESS_INSIDE!r})\n"
    "from parhelia_tui.core.egress.process import main\nsys.exit(main(sys.argv[1:]))\n"
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
    content["__main__.py"] = _RUN.encode()
    tag = f"{sys.implementation.cache_tag:{_TAG}}".encode()
    return _write(paths, "shim", content, front=lambda: tag + shim_code.bundle(_TAG, _code))


def egress_file(paths: Paths) -> Path:
    """Write the archive with what the egress process needs inside: its modules, the prices, and h11."""
    root = Path(parhelia_tui.__file__).parent
    (h11,) = importlib.import_module("h11").__path__
    names = ["__init__.py", "core/__init__.py", "core/settings/__init__.py", "core/settings/toml_places.py"]
    names += ["core/settings/read_only.py"]
    names += ["core/store/__init__.py", "core/store/connection.py"]
    for folder in ("core/egress", "core/meter", "core/model"):
        names += [f"{folder}/{each.name}" for each in (root / folder).iterdir() if each.suffix in _KEPT]
    content = {f"parhelia_tui/{name}": (root / name).read_bytes() for name in names}
    content |= {f"h11/{each.name}": each.read_bytes() for each in Path(h11).glob("*.py")}

    def compiled() -> dict[str, bytes]:
        return {f"{name}c": _compiled(name, text) for name, text in content.items() if name.endswith(".py")}

    # A sandbox is new, so its interpreter would compile all of it anew in each: most of the start of such a process.
    return _write(paths, "egress", content, beside=compiled)


def _write(
    paths: Paths,
    name: str,
    content: Mapping[str, bytes],
    *,
    front: Callable[[], bytes] = bytes,
    beside: Callable[[], Mapping[str, bytes]] = dict,
) -> Path:
    """Write an archive into the state directory, under the hash of what it is made of.

    Args:
        front: gives what stands in front of it, made of the same.
        beside: gives what stands in it besides, made of the same.
    """
    # Of the texts: the same text compiled twice need not be the same bytes, and another file is another image.
    digest = hashlib.sha256(repr((sys.version, sorted(content.items()))).encode()).hexdigest()[:16]
    place = private_directory(paths.home / "modal") / f"{name}-{digest}.zip"
    if not place.exists():
        new = place.with_suffix(f".{os.getpid()}")
        with new.open("wb") as file:
            file.write(front())
            with zipfile.ZipFile(file, "w") as archive:
                for each, data in sorted({**content, **beside()}.items()):
                    # As they are: to unpack them would cost each start a millisecond for ten of them.
                    archive.writestr(zipfile.ZipInfo(each, _SINCE), data)
            # On the disk before it has its name: whoever finds the name later takes it for whole.
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
    return place


def _code(name: str) -> CodeType:
    """The code of a module, which knows nothing of where it stood here."""
    return compile(shim_code.text_of(name), f"{name}.py", "exec", dont_inherit=True, optimize=0)


def _compiled(name: str, text: bytes) -> bytes:
    """A module as a file that its interpreter takes without a look at the text beside it (PEP 552)."""
    code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    return MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + source_hash(text) + marshal.dumps(code)


def words(*arguments: str) -> tuple[str, ...]:
    """Give the command that runs the shim inside in one of its modes.

    By a text and not by the archive's name: for that Python would import `runpy`, a third of the whole start.
    """
    return ("python3", "-I", "-S", "-c", _BEGIN, *arguments)


def egress_words(*arguments: str) -> list[str]:
    """Give the command that runs the egress process inside."""
    return ["python3", "-I", "-S", "-c", _EGRESS_BEGIN, *arguments]


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
