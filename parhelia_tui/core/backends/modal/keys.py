"""Keys of one sandbox: who it is, and who may come in. Made for it alone, before anything is sent to it."""

from __future__ import annotations

import os
from pathlib import Path

from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.shim import elsewhere

FOLDER = "ssh"
CLIENT_KEY, KNOWN_HOSTS, HOST_KEY = "client_key", "known_hosts", "host_key"
_LINES = (
    "Port {port}",
    "HostKey {run}/ssh/host_key",
    "AuthorizedKeysFile {run}/ssh/authorized_keys",
    "PidFile none",
    "LogLevel ERROR",
    "AllowUsers root",
    "PermitRootLogin prohibit-password",
    "AuthenticationMethods publickey",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "DisableForwarding yes",
    "PermitUserEnvironment no",
    "PrintMotd no",
    "PrintLastLog no",
    "UseDNS no",
    "MaxStartups 100",
    "ClientAliveInterval 30",
    "ClientAliveCountMax 3",
)


def make(run: Path, container_id: str) -> None:
    """Make both pairs where they are not yet; half made ones are made anew. It imports asyncssh, 0.2 s."""
    place = private_directory(run / FOLDER)
    if (place / KNOWN_HOSTS).exists() and (place / HOST_KEY).exists():
        return
    (place / KNOWN_HOSTS).unlink(missing_ok=True)
    import asyncssh

    host, client = (asyncssh.generate_private_key("ssh-ed25519", comment=container_id) for _ in range(2))
    _write(place / HOST_KEY, host.export_private_key("openssh"))
    _write(place / CLIENT_KEY, client.export_private_key("openssh"))
    _write(place / f"{CLIENT_KEY}.pub", client.export_public_key("openssh"))
    # Last: who finds it finds all of them.
    _write(place / KNOWN_HOSTS, f"{container_id} ".encode() + host.export_public_key("openssh"))


def run_files(run: Path, inside: str, port: int) -> dict[str, str]:
    """Give what the sandbox's ssh server needs, by name below its run directory."""
    place = run / FOLDER
    return {
        f"ssh/{HOST_KEY}": (place / HOST_KEY).read_text(),
        "ssh/authorized_keys": "restrict,pty " + (place / f"{CLIENT_KEY}.pub").read_text(),
        elsewhere.SSHD_CONFIG: "\n".join(_LINES).format(run=inside, port=port) + "\n",
    }


def forget_host_key(run: Path) -> None:
    """Once the sandbox has its own private key nobody here needs it."""
    (run / FOLDER / HOST_KEY).unlink(missing_ok=True)


def _write(place: Path, data: bytes) -> None:
    new = place.with_name(f".{place.name}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)
    new.replace(place)
