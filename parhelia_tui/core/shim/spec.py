"""What a shim is told to run: the form of spec.json.

A plain dictionary, because every import of the shim is paid by each container. The keys:

argv            program and arguments of the container; the words STATUS_FD and ARGS_FD stand for descriptors
options         bubblewrap's options, which it reads from ARGS_FD
env             its whole environment
cwd             working directory of argv
container_id    name of the container, sent with each poke of the controller
sandboxed       argv is bubblewrap, which tells its child's pid and exit code through STATUS_FD
inner_env       environment of further sessions, inside
inner_cwd       working directory of further sessions, inside
rows, columns   size of the terminal while nobody looks
heartbeat_s     seconds between heartbeats
lifetime_s      seconds until the shim ends the container, null for no end
grace_s         seconds between asking processes to end and killing them
wake_socket     datagram socket of the controller
shim_socket     where the shim listens
join_groups     files into which the container's first process writes itself: cgroup.procs
rlimits         pairs of resource number and limit
processors      numbers of the processors it may use, null for all
limits          by which means each limit is kept, for the record
"""

import json
import os

VERSION = 1
STATUS_FD = "STATUS_FD"
ARGS_FD = "ARGS_FD"

SPEC, SPOOL, EXIT, LOCK, PID = "spec.json", "spool.jsonl", "exit.json", "shim.lock", "shim.pid"
LOG, RESERVE = "output.log", "reserve"
AGENT_DIRECTORY, AGENT_SOCKET = "agent", "agent.sock"


def read_spec(directory: str) -> dict:  # type: ignore[type-arg]
    """Read spec.json of a run directory.

    Raises:
        ValueError: it is of another version.
    """
    with open(os.path.join(directory, SPEC), "rb") as file:
        spec = json.load(file)
    if spec.get("version") != VERSION:
        raise ValueError(f"spec.json has version {spec.get('version')}, this shim reads {VERSION}")
    return dict(spec)


def write_whole(path: str, text: str, durable: bool) -> None:
    """Write a file so that it is there whole or not at all.

    Args:
        durable: also survive a power cut; costs two fsyncs.
    """
    partial = f"{path}.{os.getpid()}.part"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        data = text.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(descriptor, data) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(partial, path)
    if durable:
        directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
