"""A session keyring of the container's own.

The kernel hands the user's on to every child, and no namespace keeps its keys apart (keyrings(7)): what is in
it, as tickets and keys of file systems, could be read inside.
"""

from __future__ import annotations

import errno

from parhelia_tui.core.shim import libc, system

# The number of keyctl(2), for which the C library has no function, by the machine's name (syscalls(2)).
_KEYCTL = {
    "x86_64": 250,
    "aarch64": 219,
    "riscv64": 219,
    "loongarch64": 219,
    "ppc64": 271,
    "ppc64le": 271,
    "s390x": 280,
    "i686": 288,
    "armv6l": 311,
    "armv7l": 311,
}
_JOIN_SESSION_KEYRING = 1
# Where the kernel has no keyrings, or forbids us to use them, it does so for our children too.
_NO_KEYRINGS = (errno.ENOSYS, errno.EPERM, errno.EACCES)


def leave_session_keyring() -> None:
    """Begin a new and empty session keyring for this process and its children.

    Raises:
        OSError: EDQUOT when the user has as many as kernel.keys.maxkeys lets him have; ENOSYS on a machine
            whose numbers we do not know.
    """
    number = _KEYCTL.get(system.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, "the session keyring cannot be left on this kind of machine")
    if libc.call("syscall", number, _JOIN_SESSION_KEYRING, None) < 0:
        _with_reason(number)


def _with_reason(number: int) -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(ctypes.c_long(number), _JOIN_SESSION_KEYRING, None) < 0:
        why = ctypes.get_errno()
        if why not in _NO_KEYRINGS:
            raise OSError(why, f"no session keyring of its own: {system.strerror(why)} (kernel.keys.maxkeys)")
