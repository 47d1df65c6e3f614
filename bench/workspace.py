"""A workspace for benchmarks of checkpoints: 60,000 files, about 0.5 GB, a real .git among them; always the same."""

from __future__ import annotations

import math
import os
import random
import subprocess
from pathlib import Path

FILES = 60_000
COMMITTED = ("src", "tests")
SHARE_OF_NOISE = 0.45
"""How much of the bytes does not compress: pictures, archives, compiled code."""

WORDS = """
def class return import from self value index result for while if else elif not None True False
assert raise yield with open read write path name data count total error message request answer
container session task attempt worker event the of and a to in is that it was as at be by this
""".split()  # noqa: SIM905 (a list of one word a line is no list to read)


def make_workspace(root: Path, files: int = FILES, seed: int = 1) -> None:
    """Fill an empty directory: sources, node_modules, a .venv, assets, and a git repository over a part."""
    choose = random.Random(seed)
    text = _text(choose, 4 << 20)
    noise = choose.randbytes(4 << 20)
    made = 0
    places = _directories(root, choose, max(8, files // 14))
    # The objects of git count too; what then lacks is topped up.
    while made < files * 19 // 20:
        made += _file(places, choose, text, noise, made)
    _commit(root)
    there = sum(len(names) for _, _, names in os.walk(root))
    while there < files:
        there += _file(places, choose, text, noise, made)
        made += 1


def _file(places: list[Path], choose: random.Random, text: bytes, noise: bytes, number: int) -> int:
    """Write one file; the answer is how many that makes."""
    place = places[int(len(places) * choose.random() ** 1.5)]
    size = _size(choose)
    source, suffix = (noise, "bin") if choose.random() < SHARE_OF_NOISE else (text, "py")
    start = choose.randrange(len(source) - 1)
    data = b"%08d\n" % number + source[start : start + size]
    while len(data) < size:
        data += source[: size - len(data)]
    (place / f"file_{number}.{suffix}").write_bytes(data)
    return 1


def _size(choose: random.Random) -> int:
    """Sizes as in real trees: half of the files below 3 KB, some of megabytes (in bytes)."""
    return min(6 << 20, int(math.exp(choose.gauss(8.05, 1.45)))) + 1


def _text(choose: random.Random, size: int) -> bytes:
    lines = []
    length = 0
    while length < size:
        line = "    " * choose.randrange(4) + " ".join(choose.choices(WORDS, k=choose.randrange(3, 12)))
        line += f"_{choose.randrange(99999)}\n"
        lines.append(line)
        length += len(line)
    return "".join(lines).encode()


def _directories(root: Path, choose: random.Random, count: int) -> list[Path]:
    tops = [root / name for name in ("src", "tests", "node_modules", ".venv", "assets", "docs")]
    made = list(tops)
    for number in range(count):
        parent = tops[2] if number % 2 else choose.choice(made)
        if len(parent.relative_to(root).parts) > 8:
            parent = choose.choice(tops)
        made.append(parent / f"part_{number}")
    for each in made:
        each.mkdir(parents=True, exist_ok=True)
    choose.shuffle(made)
    return made


def _commit(root: Path) -> None:
    """Commit the sources, loose objects and all, without the settings of whoever runs it."""
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    }
    who = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    for words in (["init", "-q"], ["add", *COMMITTED], [*who, "commit", "-q", "-m", "sources"]):
        subprocess.run(["git", *words], cwd=root, env=env, check=True)
