"""The /etc that a container sees: chosen files of this machine, and accounts of its own.

The machine's whole /etc would show an agent that runs as root outside /etc/shadow and every key in it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.local.bubblewrap import AGENT_ID, HOME

SMALL = (
    "bash.bashrc",
    "bash_completion",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "default/locale",
    "dpkg/origins",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "lsb-release",
    "magic",
    "magic.mime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "perl",
    "profile",
    "protocols",
    "python3*",
    "rpc",
    "services",
    "shells",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "vim",
    "xattr.conf",
)
LARGE = ("alternatives", "fonts", "java-*-openjdk", "pki/ca-trust", "pki/tls/certs", "ssl/certs")
FOR_NAMES = ("gai.conf", "host.conf", "hosts", "resolv.conf")


def small(root: Path = Path("/etc")) -> list[Path]:
    """What a container may read of this machine's /etc and is copied quickly, as it is now."""
    return _found(SMALL, root)


def large(root: Path = Path("/etc")) -> list[Path]:
    """What a container may read of it too: large trees, and what changes with this machine's network."""
    return _found(LARGE + FOR_NAMES, root)


def _found(names: Sequence[str], root: Path) -> list[Path]:
    found: list[Path] = []
    for name in names:
        if "*" in name:
            found += sorted(root.glob(name))
        elif (root / name).exists():
            found.append(root / name)
    return found


ACCOUNTS = {
    "passwd": (
        f"root:x:0:0:root:{HOME}:/bin/bash\n"
        f"agent:x:{AGENT_ID}:{AGENT_ID}:agent:{HOME}:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    ),
    "group": f"root:x:0:\nagent:x:{AGENT_ID}:\nnogroup:x:65534:\n",
}
"""The accounts inside, by the file that holds them; the same in all containers."""
OWN = ("hostname", "hosts")
"""Files that each container has of its own."""


def own(container_id: str) -> dict[str, str]:
    """What stands in the files that each container has of its own."""
    return {
        "hostname": f"{container_id}\n",
        "hosts": f"127.0.0.1 localhost {container_id}\n::1 localhost\n",
    }


def write(path: Path, text: str) -> None:
    """Write a file that everybody may read."""
    path.write_text(text)
    path.chmod(0o644)


def copy(source: Path, target: Path) -> None:
    """Copy a file or a tree, as far as we may read it; links in a tree stay links."""
    if source.is_dir():
        directory(target)
        for entry in sorted(source.iterdir()) if os.access(source, os.R_OK | os.X_OK) else ():
            if not entry.name.startswith(("auth.conf", "lock")):
                if entry.is_symlink():
                    if not (target / entry.name).is_symlink():
                        (target / entry.name).symlink_to(entry.readlink())
                else:
                    copy(entry, target / entry.name)
    elif source.is_file() and os.access(source, os.R_OK):
        directory(target.parent)
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def place_for(source: Path, target: Path) -> None:
    """Make an empty file or directory at which a source can be mounted."""
    if source.is_dir():
        directory(target)
    elif not target.exists():
        directory(target.parent)
        write(target, "")


def directory(path: Path) -> None:
    """Make a directory that everybody may read, and those above it that are missing."""
    if not path.is_dir():
        directory(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
