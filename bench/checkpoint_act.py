"""Acts of the engine of checkpoints in a process: one that is named, or those that come as lines of JSON.

`checkpoint_act STORE ACT WORD...` does one and ends. `checkpoint_act STORE` stays and does what it is asked, as the
controller's worker does (core/checkpoints/worker.py): a list of words comes in, what there is to say goes out, and an
empty line when what nobody has to wait for is done as well.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from pathlib import Path

from parhelia_tui.core.checkpoints.stores import Stores


def act(stores: Stores, name: str, *words: str) -> str:
    """Do one act; the answer says what came of it."""
    repository = stores.workspaces
    if name == "capture":
        from parhelia_tui.core.checkpoints.capture import capture

        made = capture(
            repository,
            Path(words[0]),
            words[1] if len(words) > 1 else None,
            processes=stores.processes,
            later=stores.later,
        )
        return f"{made.tree} {made.paused_s}"
    if name == "restore":
        from parhelia_tui.core.checkpoints.restore import restore

        restore(repository, words[0], Path(words[1]), processes=stores.processes)
    elif name == "diff":
        from parhelia_tui.core.checkpoints.diff import diff

        found = diff(repository, words[0], words[1])
        return "\n".join(each.path for each in (*found.added, *found.changed, *found.deleted))
    elif name == "rollback":
        from parhelia_tui.core.checkpoints.rollback import rollback

        rollback(repository, words[0], Path(words[1]), Path(words[2]), processes=stores.processes)
    elif name == "collect":
        from parhelia_tui.core.checkpoints.collect import collect

        collect(repository, words[1:], dead=words[:1])
    return ""


def main(store: str, *words: str) -> None:
    """Do one act, or all that are asked for, and note the peak memory of this process, in MB, beside the store."""
    gc.disable()
    stores = Stores(Path(store))
    if words:
        print(act(stores, *words))
        stores.tidy()
    for line in () if words else sys.stdin:
        print(json.dumps(act(stores, *json.loads(line))), flush=True)
        # What nobody has to wait for; a second line says that it is done.
        stores.tidy()
        gc.collect()
        print(flush=True)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with (Path(store).parent / "peaks").open("a") as file:
        file.write(f"{(own + others) / 1000:.0f}\n")
    sys.stdout.flush()
    # What the kernel does faster than the interpreter.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
