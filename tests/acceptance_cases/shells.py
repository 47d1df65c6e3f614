"""What the prompt of a shell in a container looks like, and what opens one."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.outer_terminal import OuterTerminal

PROMPT = rb"@c-[0-9a-f]{8}:/workspace[$#] "

Shell = Callable[..., OuterTerminal]
