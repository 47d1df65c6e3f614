"""The supervisor's code as one file, and the command that runs it (core/shim/bundle.py)."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

import parhelia_tui
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.shim.bundle import Places

# The interpreter below a virtual environment starts in half the time, and the shim needs nothing else.
PYTHON = getattr(sys, "_base_executable", "") or sys.executable
_SIZE = 8
_LOADER = "parhelia_tui.core.shim.bundle"
# Every module of ours begins with this one, and it is the only other in Python that they need.
_FUTURE = "__future__"
# Taking the interpreter down in good order costs 2 ms; all that the shim has said is written by then.
_START = """\
import marshal, posix
bundle = posix.open({path!r}, posix.O_RDONLY)
code, places = marshal.loads(posix.pread(bundle, int(posix.pread(bundle, 8, 0)), 8))
exec(code, loader := {{"__name__": "loader"}})
loader["install"](bundle, places)
from parhelia_tui.core.shim.main import main
posix._exit(main())
"""


def command(home: Path, mode: str, *words: str) -> list[str]:
    """Give the command that runs the shim in a mode; without site packages and user settings.

    Args:
        home: the state directory, in which its code is kept.

    Raises:
        OSError: the code cannot be written.
    """
    path = home / f"shim-{_digest()}.code"
    if not path.exists():
        run_directory.write_whole(path, bundle())
    return [PYTHON, "-I", "-S", "-X", "utf8", "-c", _START.format(path=str(path)), mode, *words]


def is_command(words: Sequence[bytes], run: Path) -> bool:
    """Say whether a process with this command line supervises a run directory, also by an older code."""
    mine = [os.fsencode(each) for each in (PYTHON, "run", run)]
    return [*words[:1], *words[-2:]] == mine and b"-c" in words


@cache
def _digest() -> str:
    """Name this code, and the version of the interpreter that can run it."""
    sources = [text_of(name) for name, _ in _modules()]
    return hashlib.sha256(repr((_START, sys.version, sources)).encode()).hexdigest()[:16]


def bundle(before: int = 0, code_of: Callable[[str], CodeType] | None = None) -> bytes:
    """Give the file's content: the size of its second part, loader and places, the modules' code.

    Args:
        before: bytes that stand before it in its file.
        code_of: gives the code of a module by its name; None for that of the modules as they are here.
    """
    code_of = code_of or _code
    codes = {name: (package, marshal.dumps(code_of(name))) for name, package in _modules()}
    loader = code_of(_LOADER)
    # marshal writes every number in five bytes, so the places do not change their own size.
    size = len(marshal.dumps((loader, _places(codes, 0))))
    head = marshal.dumps((loader, _places(codes, before + _SIZE + size)))
    return f"{size:{_SIZE}}".encode() + head + b"".join(code for _, code in codes.values())


def _places(codes: dict[str, tuple[bool, bytes]], begin: int) -> Places:
    places: Places = {}
    for name, (package, code) in codes.items():
        places[name] = (package, begin, len(code))
        begin += len(code)
    return places


def _modules() -> list[tuple[str, bool]]:
    """The names of all modules of the shim, and which are packages."""
    shim = Path(parhelia_tui.__file__).parent / "core" / "shim"
    names = sorted(each.stem for each in shim.glob("*.py") if each.stem != "__init__")
    return [
        (_FUTURE, False),
        ("parhelia_tui", True),
        ("parhelia_tui.core", True),
        ("parhelia_tui.core.shim", True),
        *((f"parhelia_tui.core.shim.{name}", False) for name in names),
    ]


def _code(name: str) -> CodeType:
    """A module's code, compiled by the interpreter that runs us, which is of the version that will run it."""
    loader = _spec(name).loader
    assert isinstance(loader, SourceFileLoader)
    code = loader.get_code(name)
    assert isinstance(code, CodeType)
    return code


def text_of(name: str) -> bytes:
    """The text of a module."""
    return Path(str(_spec(name).origin)).read_bytes()


def _spec(name: str) -> ModuleSpec:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    return spec
