"""The /etc that a container sees: chosen files of this machine, and accounts of its own.

The machine's whole /etc would show an agent that runs as root outside /etc/shadow and every key in it.
"""

from __future__ import annotations

from pathlib import Path

from parhelia_tui.core.backends.local.bubblewrap import AGENT_ID, HOME

SHOWN = (
    "alternatives",
    "bash.bashrc",
    "bash_completion",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "default/locale",
    "dpkg/origins",
    "fonts",
    "inputrc",
    "java-*-openjdk",
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
    "pki/ca-trust",
    "pki/tls/certs",
    "profile",
    "protocols",
    "python3*",
    "rpc",
    "services",
    "shells",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "vim",
    "xattr.conf",
)
SHOWN_WITH_NETWORK = ("gai.conf", "host.conf", "hosts", "resolv.conf")


def shown(network: bool, root: Path = Path("/etc")) -> list[str]:
    """The files and directories of this machine's /etc that a container may read, as they are now."""
    found: list[str] = []
    for name in SHOWN + (SHOWN_WITH_NETWORK if network else ()):
        if "*" in name:
            found += map(str, sorted(root.glob(name)))
        elif (root / name).exists():
            found.append(str(root / name))
    return found


def accounts(container_id: str) -> dict[str, str]:
    """The files of a container's /etc that are its own, by name."""
    return {
        "passwd": (
            f"root:x:0:0:root:{HOME}:/bin/bash\n"
            f"agent:x:{AGENT_ID}:{AGENT_ID}:agent:{HOME}:/bin/bash\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        ),
        "group": f"root:x:0:\nagent:x:{AGENT_ID}:\nnogroup:x:65534:\n",
        "hostname": f"{container_id}\n",
        "hosts": f"127.0.0.1 localhost {container_id}\n::1 localhost\n",
    }
