"""Git kept to a workspace: of this machine it sees its own program, the workspace and a directory of ours, to read.

A repository leads elsewhere in more ways than can be looked for: alternates, links among its objects, an index with
names that go up, a `.git` of a nested directory that is a file. All of them end at the workspace where nothing else is
mounted. Source: bwrap(1) of 0.8, gitrepository-layout(5).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

WORKSPACE = "/workspace"
_GIT = "/git"
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix", "/gnu")
"""Where programs and their libraries are; which of them there are, differs."""

_DATA_KB = 1 << 20
"""Memory of git beside the files that it maps: a tree that names one below it ten times, and that one as well, grows
without end."""


def start(git: Path, workspace: int, *words: str) -> subprocess.Popen[bytes]:
    """Start git; what it says goes into a pipe. It fails where bubblewrap cannot keep it in.

    Args:
        git: a git directory of ours.
        workspace: descriptor of the top of the workspace.

    Raises:
        OSError: bubblewrap or git is not there.
    """
    environment = {
        "PATH": os.defpath,
        "HOME": _GIT,
        "LC_ALL": "C",
        "GIT_DIR": _GIT,
        "GIT_WORK_TREE": WORKSPACE,
        "GIT_OBJECT_DIRECTORY": f"{WORKSPACE}/.git/objects",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }
    command = (
        _program("bwrap"),
        *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session"),
        *(word for each in _SYSTEM for word in ("--ro-bind-try", each, each)),
        *("--dev-bind", os.devnull, os.devnull),
        *("--ro-bind", str(git), _GIT),
        # By descriptor: the names that lead there may have changed.
        *("--ro-bind", f"/proc/self/fd/{workspace}", WORKSPACE, "--chdir", WORKSPACE),
        *("/bin/sh", "-c", f'ulimit -d {_DATA_KB} && exec "$@"', "sh"),
        *(_program("git"), "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", *words),
    )
    return subprocess.Popen(
        command,
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(workspace,),
    )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(2, os.strerror(2), name)
    return str(Path(found).resolve()) if name == "git" else found
