"""What bubblewrap is told for a container; pure, so that it can be read and tested without running.

Sources: bwrap(1) of 0.8 and its bubblewrap.c; what each option keeps apart is proved by tests from inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.model.records import Mount

HOME = "/home/agent"
WORKSPACE = "/workspace"
REPORTS = "/run/parhelia"
PATH = f"{HOME}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
AGENT_ID = 1000

# What dpkg and the like need of root's rights over their own files; none of it reaches out of the container.
_INSTALLER = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SYS_CHROOT",
)


@dataclass(frozen=True, slots=True)
class Host:
    """What this machine has, as far as the options depend on it.

    Args:
        bwrap: path of the program.
        can_disable_userns: bubblewrap 0.8 or newer.
        links: /bin, /lib and the like where they are links, with what they point to.
        system: directories to show read-only.
        guarded: what is writable for root in /proc and not of the container alone.
        masked: files in /proc that tell root about this machine.
    """

    bwrap: str
    can_disable_userns: bool
    links: Mapping[str, str]
    system: Sequence[str]
    guarded: Sequence[str]
    masked: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One container.

    Args:
        run: its run directory, of which parts alone are shown inside.
        etc: the directory to show as /etc.
        live: files and directories of this machine's /etc to show in it as they are.
        env: the whole environment inside.
        network: share this machine's network.
        persistent: it is root inside, in a system that it may change.
        memory_bytes: limit of each file system in memory; None for the kernel's own.
    """

    container_id: str
    run: Path
    workspace: Path
    etc: Path
    live: Sequence[Path]
    env: Mapping[str, str]
    mounts: Sequence[Mount] = ()
    network: bool = False
    persistent: bool = False
    memory_bytes: int | None = None


def environment(container_id: str, given: Mapping[str, str]) -> dict[str, str]:
    """The whole environment inside; nothing of the host's is in it."""
    return {
        "PATH": PATH,
        "HOME": HOME,
        "USER": "agent",
        "LOGNAME": "agent",
        "SHELL": "/bin/bash",
        "TERM": "tmux-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "PARHELIA_CONTAINER_ID": container_id,
        "PARHELIA_AGENT_SOCKET": f"{REPORTS}/agent.sock",
        **given,
    }


def options(host: Host, box: Sandbox) -> list[str]:
    """Give bubblewrap's options for a container."""
    run = box.run
    return [
        *_namespaces(host, box),
        *_identity(box),
        *_system(host, box),
        *_kernel(host),
        "--dev", "/dev",
        *_temporary(box),
        *_memory(box, "/run", "0755"),
        "--bind", str(run / "home"), HOME,
        "--ro-bind", str(run / "agent"), REPORTS,
        *_mounts(box.mounts),
        "--bind", str(box.workspace), WORKSPACE,
        "--remount-ro", "/",
        "--chdir", WORKSPACE,
        "--clearenv",
        *[word for name, value in box.env.items() for word in ("--setenv", name, value)],
    ]  # fmt: skip


def _namespaces(host: Host, box: Sandbox) -> list[str]:
    # `--unshare-all` would go on without a user namespace where there can be none; `--unshare-user` fails.
    words = ["--unshare-all", "--unshare-user"]
    if box.network:
        words.append("--share-net")
    if host.can_disable_userns:
        # In a user namespace of its own the container could mount its control groups and lift its limits.
        words.append("--disable-userns")
    return [*words, "--die-with-parent", "--new-session", "--hostname", box.container_id]


def _identity(box: Sandbox) -> list[str]:
    number = "0" if box.persistent else str(AGENT_ID)
    # Started by root, bubblewrap would leave the container every capability in its namespace.
    words = ["--uid", number, "--gid", number, "--cap-drop", "ALL"]
    if box.persistent:
        words += [word for name in _INSTALLER for word in ("--cap-add", name)]
    return words


def _system(host: Host, box: Sandbox) -> list[str]:
    links = [word for name, target in host.links.items() for word in ("--symlink", target, name)]
    if box.persistent:
        merged = box.run / "merged"
        shown = [word for name in ("usr", "opt") for word in ("--bind", str(merged / name), f"/{name}")]
        var = str(box.run / "upper" / "var")
        return [*shown, *links, "--bind", str(box.etc), "/etc", "--bind", var, "/var"]
    shown = [word for path in host.system for word in ("--ro-bind", path, path)]
    live = [word for path in box.live for word in ("--ro-bind-try", str(path), str(path))]
    own = [
        word
        for name in ("hostname", *(() if box.network else ("hosts",)))
        for word in ("--ro-bind", str(box.run / name), f"/etc/{name}")
    ]
    return [
        *shown,
        *links,
        *("--ro-bind", str(box.etc), "/etc"),
        *live,
        *own,
        *("--dir", "/var/lib", "--dir", "/var/cache", "--symlink", "/run", "/var/run"),
        *("--symlink", "/tmp", "/var/tmp"),
    ]


def _kernel(host: Host) -> list[str]:
    """A /proc of the container's own, in which root of this machine can change nothing.

    A container started by root has root's number to the kernel, which lets that number write to /proc/sys
    without any capability; bubblewrap covers only directories that are writable themselves.
    """
    return [
        *("--proc", "/proc"),
        *[word for path in host.guarded for word in ("--ro-bind", path, path)],
        *[word for path in host.masked for word in ("--ro-bind", "/dev/null", path)],
    ]


def _memory(box: Sandbox, path: str, mode: str) -> list[str]:
    size = [] if box.memory_bytes is None else ["--size", str(box.memory_bytes)]
    return ["--perms", mode, *size, "--tmpfs", path]


def _temporary(box: Sandbox) -> list[str]:
    if box.persistent:
        return ["--bind", str(box.run / "upper" / "tmp"), "/tmp"]
    return _memory(box, "/tmp", "1777")


def _mounts(mounts: Sequence[Mount]) -> list[str]:
    words: list[str] = []
    for mount in mounts:
        words += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
    return words
