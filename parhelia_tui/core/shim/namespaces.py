"""Joining the namespaces of a running container, also as an ordinary user."""

import ctypes
import fcntl
import os

# ioctl_ns(2): gives the user namespace that owns the namespace of a descriptor.
NS_GET_USERNS = 0xB701
# prctl(2), capabilities(7).
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
LAST_CAPABILITY = 63
# The pid namespace counts for children alone; the mount namespace goes last, because /proc changes with it.
ORDER = ("ipc", "uts", "net", "cgroup", "pid", "mnt")

_libc = ctypes.CDLL(None, use_errno=True)


def enter(pid: int) -> None:
    """Join all namespaces of a process; children of the caller are in its pid namespace.

    bubblewrap makes the namespaces as one user namespace's own and then puts the process into a further one,
    so the owner is joined first, which an ordinary user may do to what is his, and the inner one last.

    Raises:
        OSError: one of them cannot be joined.
    """
    base = f"/proc/{pid}/ns"
    descriptors = {name: os.open(f"{base}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in (*ORDER, "user")}
    owner = fcntl.ioctl(descriptors["mnt"], NS_GET_USERNS)
    mine = os.stat("/proc/self/ns/user").st_ino
    if os.fstat(owner).st_ino != mine:
        _setns(owner)
    for name in ORDER:
        _setns(descriptors[name])
    inner = os.fstat(descriptors["user"]).st_ino
    if inner not in (os.fstat(owner).st_ino, mine):
        _setns(descriptors["user"])
    for descriptor in (*descriptors.values(), owner):
        os.close(descriptor)


def enter_network(pid: int) -> None:
    """Join the network namespace of a process alone, by way of the user namespace that owns it.

    Raises:
        OSError: it cannot be joined.
    """
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    owner = fcntl.ioctl(network, NS_GET_USERNS)
    if os.fstat(owner).st_ino != os.stat("/proc/self/ns/user").st_ino:
        _setns(owner)
    _setns(network)
    os.close(network)
    os.close(owner)


def drop_privileges() -> None:
    """Give up what bubblewrap's own children have given up: new privileges and every capability."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    for number in range(LAST_CAPABILITY + 1):
        if _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            # EINVAL: the kernel knows no more of them.
            break
    # struct __user_cap_header_struct and data, version 3 (capget(2)).
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def hide_memory() -> None:
    """Let nobody look into this process until it executes something else (PR_SET_DUMPABLE)."""
    prctl(4, 0)


def prctl(option: int, value: int) -> None:
    """Call prctl(2) with one value. Raises OSError."""
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")
