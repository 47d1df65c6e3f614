"""The command line of bubblewrap for a container; pure, so that it can be read and tested without running.

Sources: bwrap(1) of 0.8; what each option keeps apart is proved by tests from inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.backends.local import etc
from parhelia_tui.core.model.records import Mount
from parhelia_tui.core.shim.spec import ARGS_FD, STATUS_FD

HOME = "/home/agent"
WORKSPACE = "/workspace"
REPORTS = "/run/parhelia"
PATH = f"{HOME}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MERGED = ("usr", "etc", "opt", "var")
"""What of the system a persistent container may change, in an overlay of its own."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What goes into one command line.

    Args:
        run_directory: the container's own; only parts of it are shown inside.
        overlay: the container is persistent: it is root inside and keeps changes of its system.
    """

    bwrap: str
    container_id: str
    run_directory: Path
    workspace: Path
    mounts: Sequence[Mount]
    network: bool
    overlay: bool
    system_paths: Sequence[str]


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


def options(box: Sandbox) -> list[str]:
    """What bubblewrap is told; read by it from a descriptor, so that nobody inside can read it."""
    return [
        "--unshare-all",
        *(["--share-net"] if box.network else []),
        "--die-with-parent",
        "--hostname", box.container_id,
        *_identity(box.overlay),
        *(_merged_system(box) if box.overlay else _system(box)),
        "--proc", "/proc",
        "--dev", "/dev",
        "--tmpfs", "/tmp",
        "--perms", "0755", "--tmpfs", "/run",
        "--bind", str(box.run_directory / "home"), HOME,
        "--bind", str(box.run_directory / "agent"), REPORTS,
        *_mounts(box.mounts),
        "--bind", str(box.workspace), WORKSPACE,
        "--chdir", WORKSPACE,
    ]  # fmt: skip


def command_line(box: Sandbox, command: Sequence[str]) -> list[str]:
    """Program and arguments that run `command` in its sandbox.

    The command becomes the leader of a session whose terminal is the container's own (`setsid --ctty`), so
    Ctrl+C reaches its foreground processes and nothing else.
    """
    inner = [
        box.bwrap,
        "--json-status-fd",
        STATUS_FD,
        "--args",
        ARGS_FD,
        "--",
        "/usr/bin/setsid",
        "--ctty",
        *command,
    ]
    return [*_overlay_first(box), *inner] if box.overlay else inner


def _identity(root: bool) -> list[str]:
    number = "0" if root else str(etc.AGENT_ID)
    return ["--uid", number, "--gid", number]


def _links(paths: Iterable[str]) -> list[str]:
    """/bin, /lib and the like as this machine has them: links into /usr, or directories."""
    words: list[str] = []
    for name in paths:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    return words


_ROOTS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


def _system(box: Sandbox) -> list[str]:
    words = [word for path in box.system_paths if Path(path).is_dir() for word in ("--ro-bind", path, path)]
    words += _links(_ROOTS)
    words += ["--perms", "0755", "--tmpfs", "/etc"]
    for path in etc.shown(box.network):
        words += ["--ro-bind", str(path), str(path)]
    for name in etc.accounts():
        words += ["--ro-bind", str(box.run_directory / "etc" / Path(name).name), name]
    return [
        *words,
        "--perms",
        "0755",
        "--tmpfs",
        "/var",
        "--perms",
        "1777",
        "--tmpfs",
        "/var/tmp",
        "--remount-ro",
        "/etc",
    ]


def _merged_system(box: Sandbox) -> list[str]:
    merged = box.run_directory / "merged"
    words = _links(_ROOTS)
    for name in MERGED:
        if (merged / name).is_dir():
            words += ["--bind", str(merged / name), f"/{name}"]
    return [*words, "--perms", "1777", "--tmpfs", "/var/tmp"]


def _mounts(mounts: Sequence[Mount]) -> list[str]:
    words: list[str] = []
    for mount in mounts:
        words += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
    return words


def _overlay_first(box: Sandbox) -> list[str]:
    """A user namespace with the overlays mounted, from which bubblewrap takes the merged system.

    `unshare --kill-child` keeps the chain: who kills the shim kills the container.
    """
    run = box.run_directory
    script = ["set -e"]
    for name in MERGED:
        lower = run / "lower" / name if name in ("etc", "var") else Path("/") / name
        if lower.is_dir() or name in ("etc", "var"):
            script.append(
                f"mount -t overlay overlay -o userxattr,lowerdir={_quoted(lower)},"
                f"upperdir={_quoted(run / 'upper' / name)},workdir={_quoted(run / 'work' / name)}"
                f" {_quoted(run / 'merged' / name)}"
            )
    script.append('exec "$@"')
    return ["/usr/bin/unshare", "-Urm", "--propagation", "private", "/bin/sh", "-c", "\n".join(script), "sh"]


def _quoted(path: Path) -> str:
    """A path for sh, between single quotes; colons and commas are escaped as mount options want it."""
    escaped = str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    return "'" + escaped.replace("'", "'\\''") + "'"
