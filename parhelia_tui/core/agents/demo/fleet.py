"""A small live fleet to look at."""

from __future__ import annotations

import random
from typing import Any

PROMPTS = (
    "Fix the failing cache tests",
    "Port the parser to the new interface",
    "Write a queue that survives a restart",
    "Tidy the configuration loader",
    "Find out why the router drops requests",
    "Add a ledger with daily sums",
)
BUILD = r"""
for n in $(seq 1 400); do
  printf '\033[2m[%3d/400]\033[0m \033[32mcompiling\033[0m src/part_%03d.c\n' "$n" "$n"; sleep 0.7
done; printf '\033[1;32mbuild finished\033[0m\n'
"""
WATCH = r"""
n=0; while :; do n=$((n+1)); printf '\033[36mrun %d\033[0m  42 passed in 0.%02ds\n' "$n" $((n % 90 + 10)); sleep 4; done
"""


def demo_requests(count: int, seed: int) -> list[dict[str, Any]]:
    """Give the fields of `count` requests: commands and demo agents, one that asks, one that fails.

    Args:
        count: how many tasks; from five on every kind is among them.
        seed: the same seed gives the same fleet.
    """
    chance = random.Random(seed)
    kinds: list[dict[str, Any]] = [
        _agent(chance, 0, ask="always", pace=0.6, turns=6),
        _agent(chance, 1, ask="never", pace=2.0, turns=60),
        {"agent": "shell", "title": "build", "prompt": BUILD.strip()},
        _agent(chance, 2, ask="never", pace=1.0, turns=10, fail=True),
        {"agent": "shell", "title": "test watch", "prompt": WATCH.strip()},
        _agent(chance, 3, ask="never", pace=0.5, turns=15),
    ]
    while len(kinds) < count:
        kinds.append(_agent(chance, len(kinds), ask="sometimes", pace=chance.uniform(0.5, 2.5), turns=30))
    return [{"workspace_mode": "empty", **each} for each in kinds[:count]]


def _agent(chance: random.Random, number: int, **options: Any) -> dict[str, Any]:
    return {
        "agent": "demo",
        "prompt": PROMPTS[number % len(PROMPTS)],
        "agent_options": {"seed": chance.randrange(1_000_000), **options},
    }
