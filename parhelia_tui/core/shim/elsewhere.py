"""What the parts of a sandbox at a provider have in common: places, words, lease, terminal server."""

from __future__ import annotations

import os
import sys
import time

from parhelia_tui.core.shim.agent_user import ONE_USER

TERMS = "terms.json"
LEASE = "lease"
TAKEN = "taken"
FETCHED = "fetched"
"""Touched each time that somebody says that what is here goes on coming to them."""
HERE, FETCHING = b".", b"+"
"""What who follows says from time to time: that they are there, and that they are while they fetch."""
CALLS = "calls"
"""The FIFO by which the keeper is asked to tell somebody of its container."""
BROUGHT = b"brought"
"""Said there by who has brought the container, so that the keeper need not look for it."""
TMUX_SOCKET = "tmux.sock"
TMUX_CONFIG = "tmux.conf"
SSHD_CONFIG = "ssh/sshd_config"
AGENT_ID = 1000
"""The user that the agent is; root is the supervisor's."""
CARGO = "/vol/parhelia"
"""Where a sandbox sees the pieces of what came by the volume, in the order of their names, and nothing of others."""
CARGO_DIGEST = "cargo.sha256"
"""In the run directory: the hash of those pieces, which came another way."""
KEY_VARIABLE = "PARHELIA_API_KEY"
"""Of the secret of an account; in the environment of root's processes alone."""
WORKSPACE, HOME = "/workspace", "/home/agent"


def words(*arguments: str) -> list[str]:
    """Give the command that runs the shim in another mode, from the same file as this one."""
    return [sys.executable, "-I", "-S", sys.argv[0], *arguments]


def make(directory: str) -> None:
    """Make the run directory. The agent is another user, and comes through as far as the socket of its reports."""
    before = os.umask(0o022)
    os.makedirs(directory, exist_ok=True)
    os.umask(before)
    os.chmod(directory, 0o711)


def renew(directory: str, said: bytes = HERE) -> None:
    """Let the lease begin anew, by what somebody said who follows."""
    for name in (LEASE, FETCHED) if FETCHING in said else (LEASE,):
        place = os.path.join(directory, name)
        with open(place, "a", encoding="ascii"):
            pass
        os.utime(place)


def lease_age(directory: str) -> float:
    """Seconds since the lease was renewed."""
    return _age(directory, LEASE)


def fetched_age(directory: str) -> float:
    """Seconds since something of what is here is known to have come to who fetches it."""
    return _age(directory, FETCHED)


def _age(directory: str, name: str) -> float:
    try:
        return time.time() - os.stat(os.path.join(directory, name)).st_mtime
    except OSError:
        return float("inf")


def tmux(directory: str, *arguments: str) -> int:
    """Run tmux for this container and give its exit code; 1 where there is no process to be had for it."""
    at = ("-u", "-S", os.path.join(directory, TMUX_SOCKET), "-f", os.path.join(directory, TMUX_CONFIG))
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TERM": "tmux-256color"}
    # Who enters is a process of it.
    env |= {name: value for name, value in os.environ.items() if name == ONE_USER}
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    # `subprocess` costs 15 ms to import, and somebody waits for whoever runs this.
    try:
        pid = os.posix_spawnp("tmux", ["tmux", *at, *arguments], env, file_actions=nothing)
    except OSError:
        return 1
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
