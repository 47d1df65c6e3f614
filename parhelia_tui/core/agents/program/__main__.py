"""The start: `python3 -I -S -B __main__.py PLAN`. The agent is started first; all else is imported meanwhile.

The plan is a file of words that end with NUL: `terminal`, `headless`, `deferred` or `lines`, the conversation's id, the
file that holds the prompt (empty where nothing is asked yet), and the agent's command. `--ask` is the hook that asks.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def _begin(path: str) -> "tuple[int, str, str, str, list[int], str]":
    """Read the plan and start the agent; gives its pid, the plan, the place of its hooks, its pipes and its prompt."""
    with open(path, "rb") as file:
        mode, session, source, *command = map(os.fsdecode, file.read().split(b"\0")[:-1])
    if mode == "deferred" and not _module("deferral").mark(session):
        mode = "headless"
    drops = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"parhelia-{os.getpid()}")
    os.mkdir(drops, 0o700)
    os.mkfifo(os.path.join(drops, "wake"), 0o600)
    os.environ["PARHELIA_HOOKS"] = drops
    import signal

    # What a Ctrl+C or a Ctrl+Z means is the agent's to say, which begins with the default.
    ours = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
    for each in ours:
        signal.signal(each, signal.SIG_IGN)
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = []
    pipes, inside = [], []
    if mode != "terminal":
        for number in (0, 1, 2):
            read, write = os.pipe()
            ours_end, its_end = (write, read) if number == 0 else (read, write)
            pipes.append(ours_end)
            inside.append(its_end)
            actions.append((os.POSIX_SPAWN_DUP2, its_end, number))
    try:
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsigdef=ours)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
        sys.exit(127)
    for descriptor in inside:
        os.close(descriptor)
    return pid, mode, session, drops, pipes, source


def _module(name: str) -> "ModuleType":
    """Import a module of this folder."""
    here = os.path.dirname(os.path.abspath(__file__))
    if os.path.dirname(here) not in sys.path:
        # Last, so that nothing beside the folder can stand for a part of the standard library.
        sys.path.append(os.path.dirname(here))
    import importlib

    return importlib.import_module(f"{os.path.basename(here)}.{name}")


if __name__ == "__main__":
    asks = sys.argv[1] == "--ask"
    begun = () if asks else _begin(sys.argv[1])
    sys.exit(_module("ask" if asks else "run").main(*begun))
