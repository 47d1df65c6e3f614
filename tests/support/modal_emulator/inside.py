"""The first process of an emulated sandbox: starts what it is asked to, reaps, and opens its ports to the outside.

Standard library only. It speaks with the emulator over a SEQPACKET socket, one JSON object a message; pipes and
connected sockets travel beside it (SCM_RIGHTS, unix(7)).
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
import sys


def main() -> None:
    """Serve until the main process has ended or the emulator is gone."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    doors = {door.fileno(): door for door in map(_door, sys.argv[2:])}
    names: dict[int, str] = {}
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    while True:
        ready = select.select([channel.fileno(), reader, *doors], [], [])[0]
        for number in set(ready) & set(doors):
            _goes_out(channel, doors[number])
        if reader in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(reader, 4096)
            _reap(channel, names)
        if channel.fileno() in ready:
            data, ancillary, _, _ = channel.recvmsg(1 << 18, socket.CMSG_SPACE(64))
            if not data:
                os._exit(0)
            fds = array.array("i")
            for level, kind, content in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
            asked = json.loads(data)
            if asked["op"] == "exec":
                names[_start(asked, list(fds))] = asked["id"]
            elif asked["op"] == "stop":
                os.kill(next(pid for pid, name in names.items() if name == asked["id"]), signal.SIGSTOP)
            else:
                _connect(channel, asked)


def _door(port: str) -> socket.socket:
    """Stand for a host that is reached from in here, on loopback; it is the emulator that goes there."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", int(port)))
    door.listen(64)
    return door


def _goes_out(channel: socket.socket, door: socket.socket) -> None:
    connection, _ = door.accept()
    with connection:
        rights = array.array("i", [connection.fileno()])
        said = json.dumps({"goes_out": door.getsockname()[1]}).encode()
        channel.sendmsg([said], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def _start(asked: dict, fds: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 127
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.setsid()
            for number, each in enumerate(fds):
                os.dup2(each, number)
            os.closerange(3, 1024)
            os.chdir(asked["cwd"] or "/")
            os.execvpe(asked["argv"][0], asked["argv"], asked["env"])
        except OSError as error:
            os.write(2, f"{asked['argv'][0]}: {error.strerror}\n".encode())
            code = 126 if isinstance(error, PermissionError) else 127
        finally:
            os._exit(code)
    for each in fds:
        os.close(each)
    return pid


def _reap(channel: socket.socket, names: dict[int, str]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        name = names.pop(pid, None)
        if name is not None:
            channel.send(json.dumps({"exit": name, "code": os.waitstatus_to_exitcode(status)}).encode())
            if name == "main":
                os._exit(0)


def _connect(channel: socket.socket, asked: dict) -> None:
    answer = json.dumps({"connected": asked["id"]}).encode()
    with socket.socket() as connection:
        try:
            connection.connect(("127.0.0.1", asked["port"]))
        except OSError:
            channel.send(answer)
            return
        rights = array.array("i", [connection.fileno()])
        channel.sendmsg([answer], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


main()
