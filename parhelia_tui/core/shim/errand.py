"""Single errands in a sandbox at a provider: one request to its shim, one session, its work taken."""

from __future__ import annotations

import os
import sys

from parhelia_tui.core.shim import elsewhere, spec
from parhelia_tui.core.shim.caller import Call, NoShim
from parhelia_tui.core.shim.lean import dumps

FAILED = 1
CLAUDE = "/opt/parhelia/claude-code/bin/claude"
PROGRAMS = ("git", "python3", "sshd", "tmux")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


def tell(directory: str) -> int:
    """Put the request on standard input to the shim, and print its answer.

    Returns:
        0; 1 when it does not answer, with the reason on standard error.
    """
    from parhelia_tui.core.shim.lean import loads

    try:
        call = Call(spec.load(directory).shim_socket)
        answer = call.ask(loads(sys.stdin.read()))
    except (OSError, ValueError, NoShim) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    sys.stdout.write(dumps(answer) + "\n")
    return 0


def look() -> int:
    """Print what there is in this sandbox for a container: the volume, programs, and whether a key is.

    Returns:
        0.
    """
    import shutil
    import subprocess

    claude = ""
    if os.access(CLAUDE, os.X_OK):
        # The key of the account is none of its business.
        env = {name: value for name, value in os.environ.items() if name != elsewhere.KEY_VARIABLE}
        words = [CLAUDE, "--version"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=env)
        claude = done.stdout.strip() if done.returncode == 0 else ""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        # A mount of the same file system, which `ismount` does not see, is one too (proc(5): the fifth field).
        mounted = [line.split()[4] for line in file]
    seen = {
        "volume_mounted": elsewhere.CARGO in mounted,
        "folders": sorted(
            os.path.join(top, name) for top, names, _ in os.walk(elsewhere.CARGO) for name in names
        ),
        "missing": [each for each in PROGRAMS if shutil.which(each, path=PATH) is None],
        "claude": claude,
        "key_set": bool(os.environ.get(elsewhere.KEY_VARIABLE)),
    }
    sys.stdout.write(dumps(seen) + "\n")
    return 0


def taken(directory: str) -> int:
    """Say that everything was fetched, so that the sandbox need not stay.

    Returns:
        0.
    """
    with open(os.path.join(directory, elsewhere.TAKEN), "w", encoding="ascii"):
        pass
    return 0


def session(directory: str, name: str) -> int:
    """Start a further session whose command comes on standard input, as sessions/NAME.json.

    Returns:
        The exit code of tmux.
    """
    place = os.path.join(directory, "sessions")
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, f"{name}.json"), "w", encoding="ascii") as file:
        file.write(sys.stdin.read())
    known = spec.load(directory)
    size = ("-x", str(known.columns), "-y", str(known.rows))
    return elsewhere.tmux(
        directory, "new-session", "-d", "-s", name, *size, "--", *elsewhere.words("enter", directory, name)
    )


def end_session(directory: str, name: str) -> int:
    """End a further session.

    Returns:
        0.
    """
    elsewhere.tmux(directory, "kill-session", "-t", f"={name}")
    return 0
