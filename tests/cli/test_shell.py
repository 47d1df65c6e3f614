"""`parhelia shell` in a real terminal: a shell as at home, left and found again."""

from __future__ import annotations

import pytest

from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product

pytestmark = pytest.mark.real

PROMPT = rb"agent@c-[0-9a-f]{8}:/workspace\$ "
CTRL_C, CTRL_Q, CTRL_Z = b"\x03", b"\x11", b"\x1a"


def shell(*words: str) -> OuterTerminal:
    """Start `parhelia shell` on a terminal, in bash."""
    return OuterTerminal([PARHELIA, "shell", *words], {"SHELL": "/bin/bash"})


def test_ctrl_c_ends_the_program_and_not_the_shell(product: Product) -> None:
    with shell("--mode", "empty") as terminal:
        terminal.wait_for(PROMPT)
        terminal.write(b'echo RE""ADY; sleep 600\r')
        terminal.wait_for(rb"READY")
        terminal.write(CTRL_C)
        terminal.wait_for(PROMPT)
        terminal.write(b'echo AG""AIN\r')
        terminal.wait_for(rb"AGAIN")


def test_a_program_is_stopped_and_goes_on_in_front(product: Product) -> None:
    with shell("--mode", "empty") as terminal:
        terminal.wait_for(PROMPT)
        assert b"job control" not in terminal.received
        terminal.write(b'echo RE""ADY; cat\r')
        terminal.wait_for(rb"READY")
        terminal.write(b"a line\r")
        terminal.wait_for(rb"a line.*a line")
        terminal.write(CTRL_Z)
        terminal.wait_for(rb"Stopped")
        terminal.write(b'echo AG""AIN; fg\r')
        terminal.wait_for(rb"AGAIN.*cat")
        terminal.write(b"another\r")
        terminal.wait_for(rb"another.*another")


def test_the_window_s_size_and_its_changes_reach_the_shell(product: Product) -> None:
    with shell("--mode", "empty") as terminal:
        terminal.wait_for(PROMPT)
        terminal.write(b"trap 'stty size' WINCH; stty size\r")
        # The last line is tmux's own.
        terminal.wait_for(rb"23 80")
        terminal.resize(100, 40)
        terminal.wait_for(rb"39 100")
