"""A session's endpoint in the words of OpenSSH's ssh_config(5)."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from parhelia_tui.core.backends.base import Endpoint, SshEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions.tmux_client import session_target


def ssh_config(endpoint: Endpoint, others: Sequence[str] = ()) -> str:
    """Give a Host block under the session's name, which attaches, and under the container's id, for commands.

    Args:
        others: what else it is called, as the task's id; the beginning of the container's id stands for that.

    Raises:
        ParheliaError: E603 for a session of this machine.
    """
    if not isinstance(endpoint, SshEndpoint):
        raise ParheliaError(
            "E603",
            f"session {endpoint.session} is on this machine, so no ssh leads to it",
            recovery=(f"parhelia attach {endpoint.session}", "parhelia session list"),
        )
    target = session_target(endpoint.session)
    attach = shlex.join(["tmux", "-N", "-u", "-S", endpoint.socket, "attach-session", "-t", target])
    shared = [
        f"HostName {endpoint.host}",
        f"Port {endpoint.port}",
        f"User {endpoint.user}",
        f'IdentityFile "{endpoint.key}"',
        "IdentitiesOnly yes",
        "IdentityAgent none",
        f'UserKnownHostsFile "{endpoint.known_hosts}"',
        "GlobalKnownHostsFile /dev/null",
        f"HostKeyAlias {endpoint.alias}",
        "HostKeyAlgorithms ssh-ed25519",
        "StrictHostKeyChecking yes",
        "UpdateHostKeys no",
        "TCPKeepAlive yes",
        "ServerAliveInterval 30",
        "ServerAliveCountMax 3",
    ]
    attaching = list(
        dict.fromkeys([endpoint.session, *(each for each in others if not _means(endpoint, each))])
    )
    running = list(dict.fromkeys([endpoint.alias, *(each for each in others if _means(endpoint, each))]))
    # ssh takes the first value that it finds, and expands % in a command.
    lines = [
        f"Host {' '.join(attaching)}",
        "    RequestTTY yes",
        f"    RemoteCommand {attach.replace('%', '%%')}",
    ]
    lines += [f"Host {' '.join([*attaching, *running])}", *(f"    {line}" for line in shared)]
    return "\n".join(lines) + "\n"


def _means(endpoint: SshEndpoint, name: str) -> bool:
    """Whether a name is the container's, or a beginning of it with or without what stands before each id."""
    return endpoint.alias.startswith(name) or endpoint.alias.removeprefix("c-").startswith(name)
