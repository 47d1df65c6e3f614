"""Our tmux configuration: one terminal to look at, and nothing in it that can act on anything else."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

# What the tmux client may never send to the user's terminal, whatever that terminal says it can
# (terminfo(5) names and tmux's own, tmux(1) TERMINFO EXTENSIONS): clipboard, title, working directory,
# cursor colour, links, images and the erasing of its scrollback. Overrides are applied after the features
# that a terminal reports, so they win. True colour stays: `attach` asks for it where the terminal has it.
_STRIPPED = ("Ms", "tsl", "fsl", "dsl", "Swd", "Cs", "Cr", "Hls", "Sxl", "E3")

HISTORY_LINES = 10_000
_OPTIONS = f"""\
# The server ends with its last session, and a session with its pane: the shim keeps what is left to say.
set -s exit-empty on
set -s exit-unattached off
set -g destroy-unattached off
set -g detach-on-destroy on
set -wg remain-on-exit off

# Nothing that a pane prints leaves it, except as cells on a screen.
set -s set-clipboard off
set -sq get-clipboard off
set -s copy-command ''
set -wgq allow-passthrough off
set -wg allow-rename off
set -wgq allow-set-title off
set -wg automatic-rename off
set -g set-titles off
set -s terminal-features 'xterm*:cstyle:focus'
set -s terminal-overrides '*:{":".join(f"{name}@" for name in _STRIPPED)}'
set -wg monitor-bell off
set -wg monitor-activity off
set -wg monitor-silence 0
set -g bell-action none
set -g activity-action none
set -g silence-action none

# This server runs the argument vectors that it is given and nothing else: a window without one would run a
# shell, so the shell is a program that does nothing. A command must be given as two words or more, because
# tmux hands a single one to that shell.
set -g default-command ''
set -g default-shell /bin/false
set -g lock-after-time 0
set -g lock-command ''
set -s editor /bin/false
set -s history-file ''
set -g update-environment ''

set -s default-terminal tmux-256color
set -s escape-time 10
set -s focus-events on
set -s buffer-limit 10
set -s message-limit 50
set -g default-size 120x40
set -wg window-size latest
set -wg aggressive-resize off
set -g mouse on
set -wg mode-keys vi
set -g status-keys emacs
"""

# Formats name only what we chose ourselves. The names of windows, titles of panes and running commands
# come from inside, so no format mentions them.
_LEAVES, _STAYS = "Ctrl+Q leaves", ", the work goes on"
_BLANKS = 3
"""Cells before the name, between it and the key, and at the end."""
_BESIDE_KEY = f"#{{e|-:#{{client_width}},{len(_LEAVES) + _BLANKS + len('…')}}}"
"""Columns for the name where the key alone stands beside it, without the sign that it is cut."""
_HAS_ROOM = f"#{{e|>=:#{{e|-:#{{client_width}},{len(_LEAVES + _STAYS) + _BLANKS}}},#{{n:session_name}}}}"
_LINE = (
    f"#[align=left] #{{?#{{e|>:{_BESIDE_KEY},0}},#{{=/{_BESIDE_KEY}/…:session_name}},}}"
    f"#[align=right]{_LEAVES}#{{?{_HAS_ROOM},#{{l:{_STAYS}}},}} "
)

_STATUS = f"""\
set -g status on
set -g status-interval 0
set -g status-position bottom
set -g status-style 'bg=default,fg=colour245'
set -g status-left ''
set -g status-right ''
set -g status-format[1] ''
set -g status-format[0] '{_LINE}'
set -g message-style 'bg=default,fg=colour245,reverse'
set -wg mode-style 'reverse'
set -wg pane-border-status off
set -wg pane-border-format ''
set -wg window-status-format ''
set -wg window-status-current-format ''
set -wg remain-on-exit-format ''
set -g set-titles-string ''
"""

_MOTIONS = {
    "Up": "cursor-up",
    "Down": "cursor-down",
    "Left": "cursor-left",
    "Right": "cursor-right",
    "k": "cursor-up",
    "j": "cursor-down",
    "h": "cursor-left",
    "l": "cursor-right",
    "PPage": "page-up",
    "NPage": "page-down",
    "C-b": "page-up",
    "C-f": "page-down",
    "C-u": "halfpage-up",
    "C-d": "halfpage-down",
    "C-y": "scroll-up",
    "C-e": "scroll-down",
    "Home": "start-of-line",
    "End": "end-of-line",
    "0": "start-of-line",
    "'$'": "end-of-line",
    "g": "history-top",
    "G": "history-bottom",
    "H": "top-line",
    "M": "middle-line",
    "L": "bottom-line",
    "w": "next-word",
    "b": "previous-word",
    "e": "next-word-end",
    "'{'": "previous-paragraph",
    "'}'": "next-paragraph",
    "n": "search-again",
    "N": "search-reverse",
    "Space": "begin-selection",
    "v": "rectangle-toggle",
    "Escape": "clear-selection",
    "Enter": "copy-selection-and-cancel",
    "y": "copy-selection-and-cancel",
    "q": "cancel",
    "C-c": "cancel",
}

_KEYS = """\
bind-key -T root C-q detach-client
bind-key -T root MouseDown1Pane select-pane -t = \\; send-keys -M
bind-key -T root MouseDrag1Pane if-shell -F '#{||:#{pane_in_mode},#{mouse_any_flag}}' \\
    { send-keys -M } { copy-mode -M }
bind-key -T root WheelUpPane if-shell -F '#{||:#{pane_in_mode},#{mouse_any_flag}}' \\
    { send-keys -M } { copy-mode -e }
bind-key -T prefix C-q send-keys C-q
bind-key -T prefix C-b send-prefix
bind-key -T prefix d detach-client
bind-key -T prefix [ copy-mode
bind-key -T prefix ] paste-buffer -p
bind-key -T prefix PPage copy-mode -u
"""

_SCROLLING = """\
bind-key -T copy-mode-vi C-q detach-client
bind-key -T copy-mode-vi MouseDown1Pane select-pane
bind-key -T copy-mode-vi MouseDrag1Pane select-pane \\; send-keys -X begin-selection
bind-key -T copy-mode-vi MouseDragEnd1Pane send-keys -X copy-selection-and-cancel
bind-key -T copy-mode-vi WheelUpPane select-pane \\; send-keys -X -N 3 scroll-up
bind-key -T copy-mode-vi WheelDownPane select-pane \\; send-keys -X -N 3 scroll-down
"""

# Before 3.3 a template was a string that tmux parsed again after it put the answer in, so an answer
# could hold commands. Since 3.3 the template is parsed once and the answer stays one argument, and
# without -F search-forward does not expand it as a format.
_SEARCH = """\
%if #{>=:#{version},3.3}
bind-key -T copy-mode-vi / command-prompt -T search -p '(search down)' { send-keys -X search-forward '%%' }
bind-key -T copy-mode-vi ? command-prompt -T search -p '(search up)' { send-keys -X search-backward '%%' }
%endif
"""

_TABLES = ("root", "prefix", "copy-mode", "copy-mode-vi")


def config_text(history_lines: int = HISTORY_LINES) -> str:
    """Give the whole configuration: every default key is taken away before ours are set.

    Args:
        history_lines: what a session keeps for scrolling back.
    """
    return f"{_start_text(history_lines)}{_scrolling_text()}"


def write_config(directory: Path, history_lines: int = HISTORY_LINES) -> Path:
    """Write the configuration where a tmux server can be pointed at it with `-f`.

    The keys of the scrolling mode stand in a second file, which the server reads when somebody attaches for the
    first time: tmux takes as long for them as for all the rest of ours, and most servers are never attached to.

    A file's name carries its content's hash: a server that is being started by an older Parhelia at the same
    moment still reads the file that it was promised.

    Args:
        directory: an existing private directory.
        history_lines: what a session keeps for scrolling back.

    Returns:
        The file for `-f`, mode 0600.
    """
    keys, conf = _files(directory, history_lines)
    _write(*keys)
    _write(*conf)
    return conf[0]


@cache
def _files(directory: Path, history_lines: int) -> tuple[tuple[Path, bytes], tuple[Path, bytes]]:
    """Name the two files and give what stands in them, which is asked for at each start of a server."""
    keys = _named(directory, f"{_scrolling_text()}set-hook -gu client-attached\n", "keys")
    later = f"set-hook -g client-attached {{ source-file {_quoted(keys[0])} }}\n"
    return keys, _named(directory, f"{_start_text(history_lines)}{later}", "conf")


def _start_text(history_lines: int) -> str:
    unbind = "".join(f"unbind-key -a -q -T {table}\n" for table in _TABLES)
    return f"{_OPTIONS}set -g history-limit {history_lines}\n\n{_STATUS}\n{unbind}\n{_KEYS}"


def _scrolling_text() -> str:
    motions = "".join(
        f"bind-key -T copy-mode-vi {key} send-keys -X {command}\n" for key, command in _MOTIONS.items()
    )
    return f"{_SCROLLING}{motions}{_SEARCH}"


def _quoted(path: Path) -> str:
    """Give a path as a word of tmux that `source-file` takes for this file alone (glob(7))."""
    plain = "".join(f"\\{each}" if each in "\\*?[" else each for each in str(path))
    return "'" + plain.replace("'", "'\\''") + "'"


def _named(directory: Path, content: str, kind: str) -> tuple[Path, bytes]:
    text = content.encode()
    return directory / f"tmux-{hashlib.sha256(text).hexdigest()[:12]}.{kind}", text


def _write(path: Path, text: bytes) -> None:
    """Write a file as a whole, unless it is there as it should be."""
    try:
        if path.read_bytes() == text:
            return
    except FileNotFoundError:
        pass
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmux-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
