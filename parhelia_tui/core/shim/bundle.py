"""The supervisor's modules out of one file, which the backend has made of them.

The import system looks for a module in several directories, opens, checks and reads a file for each: with
thirty modules that is a fifth of a supervisor's start. This module runs before all others and out of the same
file, so it imports nothing that has to be looked for.
"""

import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
else:
    from _frozen_importlib import ModuleSpec

PLACE = 63
"""The descriptor at which the file stays: below are those that a child of ours puts in their places (child.py)."""

Places = dict[str, tuple[bool, int, int]]
"""For each module whether it is a package, and where its code begins and how long it is, in bytes."""


class Bundle:
    """Finds and loads modules; stays open, because some are needed later or never.

    Args:
        descriptor: of the file.
        places: what is in it.
    """

    def __init__(self, descriptor: int, places: Places) -> None:
        self._descriptor = descriptor
        self._places = places

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Say how a module is loaded; None for one that is not in here (importlib.abc.MetaPathFinder)."""
        if name not in self._places:
            return None
        # A loader by what it can do; the class that the type names costs an import.
        return ModuleSpec(name, self, is_package=self._places[name][0])  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make the module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code."""
        _, begin, size = self._places[module.__name__]
        exec(marshal.loads(posix.pread(self._descriptor, size, begin)), module.__dict__)


def install(descriptor: int, places: Places) -> None:
    """Have modules looked for in a bundle first.

    Args:
        descriptor: of the file, which is moved and stays open.
        places: what is in it.
    """
    posix.dup2(descriptor, PLACE, inheritable=False)
    posix.close(descriptor)
    sys.meta_path.insert(0, Bundle(PLACE, places))
    # What is left to look for are parts in C, in the last of these directories.
    sys.path.reverse()
