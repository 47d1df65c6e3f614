"""The /etc that a container sees: chosen files of this machine, and accounts of its own.

The machine's whole /etc would show an agent that runs as root outside /etc/shadow and every key in it.
"""

from __future__ import annotations

from pathlib import Path

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
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "login.defs",
    "lsb-release",
    "magic",
    "magic.mime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/ca-trust",
    "pki/tls/certs",
    "profile",
    "protocols",
    "python3",
    "python3.11",
    "python3.12",
    "python3.13",
    "rpc",
    "services",
    "shells",
    "skel",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "vim",
    "xattr.conf",
)
SHOWN_WITH_NETWORK = ("gai.conf", "host.conf", "hosts", "resolv.conf")

AGENT_ID = 1000


def shown(network: bool) -> list[Path]:
    """The files and directories of this machine's /etc that a container may read."""
    names = SHOWN + (SHOWN_WITH_NETWORK if network else ())
    return [path for name in names if (path := Path("/etc") / name).exists()]


def accounts() -> dict[str, str]:
    """The account files of a container, by their path inside."""
    return {
        "/etc/passwd": (
            "root:x:0:0:root:/home/agent:/bin/bash\n"
            f"agent:x:{AGENT_ID}:{AGENT_ID}:agent:/home/agent:/bin/bash\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        ),
        "/etc/group": f"root:x:0:\nagent:x:{AGENT_ID}:\nnogroup:x:65534:\n",
        "/etc/hostname": "container\n",
    }
