"""One act of the engine of checkpoints as a process, as the controller's workers do it: `checkpoint_act ACT STORE ...`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from parhelia_tui.core.checkpoints.repository import Repository


def main(act: str, store: str, *words: str) -> None:
    """Do it and note the peak memory, in MB, beside the store."""
    with Repository(Path(store)) as repository:
        if act == "capture":
            from parhelia_tui.core.checkpoints.capture import capture

            made = capture(repository, Path(words[0]), words[1] if len(words) > 1 else None)
            print(made.tree, made.paused_s)
        elif act == "restore":
            from parhelia_tui.core.checkpoints.restore import restore

            restore(repository, words[0], Path(words[1]))
        elif act == "diff":
            from parhelia_tui.core.checkpoints.diff import diff

            found = diff(repository, words[0], words[1])
            print(*(each.path for each in (*found.added, *found.changed, *found.deleted)), sep="\n")
        elif act == "rollback":
            from parhelia_tui.core.checkpoints.rollback import rollback

            rollback(repository, words[0], Path(words[1]), Path(words[2]))
        elif act == "collect":
            from parhelia_tui.core.checkpoints.collect import collect

            collect(repository, words[1:], dead=words[:1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    with (Path(store).parent / "peaks").open("a") as file:
        file.write(f"{peak:.0f}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
