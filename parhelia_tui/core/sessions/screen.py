"""What a pane shows at one moment, and the commands that ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parhelia_tui.core.sessions.control_mode import Command
from parhelia_tui.core.sessions.control_protocol import Reply
from parhelia_tui.core.sessions.sgr import self_contained
from parhelia_tui.core.sessions.tmux_client import pane_target

# Numbers only: a title or a name in here would let the pane write into our reply.
_STATE = (
    "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y} #{cursor_flag} "
    "#{alternate_on} #{pane_in_mode} #{history_size} #{mouse_any_flag} #{mouse_sgr_flag}"
)
_STATE_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a terminal.

    Args:
        lines: `rows` lines, top first, each with its own SGR colours and no other control sequence.
        columns, rows: size of the terminal.
        cursor_x, cursor_y: from 0 at the top left.
        alternate: a full-screen program is on.
        in_mode: somebody who is attached is scrolling.
        mouse: the program wants to know of the mouse; `mouse_sgr` in the longer form (XTerm, mode 1006).
        history: how many lines lie above the first one.
        ended: the session or its server is gone; the lines are the last that were seen.
    """

    lines: tuple[str, ...] = ()
    columns: int = 0
    rows: int = 0
    cursor_x: int = 0
    cursor_y: int = 0
    cursor_visible: bool = False
    alternate: bool = False
    in_mode: bool = False
    history: int = 0
    mouse: bool = False
    mouse_sgr: bool = False
    ended: bool = False


def state_command(session: str) -> Command:
    """Ask for the numbers of a frame."""
    return Command(("display-message", "-p", "-t", pane_target(session), _STATE))


def screen_command(session: str) -> Command:
    """Ask for the lines of a frame; the reply to `state_command` must be the one before."""

    def rows(replies: Sequence[Reply]) -> int:
        return _numbers(replies[-1])[1]

    return Command(("capture-pane", "-e", "-p", "-t", pane_target(session)), rows)


def history_command(session: str, start: int, end: int) -> Command:
    """Ask for lines by tmux's numbers; the reply to `state_command` must be the one before.

    Args:
        start, end: first and last line; 0 is the first on the screen, -1 the newest above it.
    """

    def count(replies: Sequence[Reply]) -> int:
        numbers = _numbers(replies[-1])
        rows, history = numbers[1], numbers[7]
        return max(0, min(end, rows - 1) - max(start, -history) + 1)

    words = ("capture-pane", "-e", "-p", "-S", str(start), "-E", str(end), "-t", pane_target(session))
    return Command(words, count)


def read_frame(state: Reply, screen: Reply) -> Frame:
    """Make a frame of the replies to `state_command` and `screen_command`."""
    columns, rows, cursor_x, cursor_y, visible, alternate, in_mode, history, *mouse = _numbers(state)
    return Frame(
        lines=read_lines(screen)[:rows],
        columns=columns,
        rows=rows,
        cursor_x=cursor_x,
        cursor_y=cursor_y,
        cursor_visible=bool(visible),
        alternate=bool(alternate),
        in_mode=bool(in_mode),
        history=history,
        mouse=bool(mouse[0]),
        mouse_sgr=bool(mouse[1]),
    )


def read_lines(reply: Reply) -> tuple[str, ...]:
    """Give the lines of a captured screen, each with its own colours."""
    return self_contained(line.decode("utf-8", "replace") for line in reply.lines)


def _numbers(state: Reply) -> list[int]:
    words = state.lines[0].split() if state.lines and not state.failed else []
    if len(words) != _STATE_FIELDS or not all(word.isdigit() for word in words):
        return [0] * _STATE_FIELDS
    return [int(word) for word in words]
