"""What a start at Modal sends and takes with a large configuration: all of it each time, or by its hash.

Run it from the root of the tree: `python -m docs.decisions.scripts.modal_stock` (see 0008).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from parhelia_tui.core.backends.modal import freight, stock
from parhelia_tui.core.backends.plan import ContainerPlan

MIB = 1 << 20
ROUNDS = 7


def main() -> None:
    """Print bytes and processor milliseconds for each size."""
    # Text of programs, which packs as configuration does.
    text = b"".join(each.read_bytes() for each in sorted(Path("parhelia_tui").rglob("*.py")))
    for size in (MIB, 5 * MIB, 20 * MIB):
        with tempfile.TemporaryDirectory() as place:
            home, workspace = Path(place) / "home", Path(place) / "w"
            (home / ".claude/skills").mkdir(parents=True)
            workspace.mkdir()
            for number in range(size // 50_000 + 1):
                begin = number * 7919 % (len(text) - 50_000)
                (home / f".claude/skills/{number}.md").write_bytes(text[begin : begin + 50_000])
            plan = ContainerPlan("c-1", "s", ["true"], workspace, carried=(".claude/skills",))
            target = Path(place) / "up.tgz"
            hashed, packed = [], []
            for _ in range(ROUNDS):
                began = time.process_time()
                cargo = stock.cargo_of(plan, Path(place), home, 1 << 40)
                hashed.append(time.process_time() - began)
                began = time.process_time()
                freight.pack(target, workspace=workspace, home=home, mounts=(), run_files={})
                packed.append(time.process_time() - began)
            assert cargo is not None
            whole = target.stat().st_size
            freight.pack(
                target, workspace=workspace, home=home, mounts=(), run_files={}, without=cargo.carried
            )
            print(
                f"{size // MIB:3} MiB: each start sends {whole / MIB:.2f} MiB after {min(packed) * 1000:.0f} ms; "
                f"by hash {target.stat().st_size} bytes after {min(hashed) * 1000:.0f} ms"
            )


if __name__ == "__main__":
    main()
