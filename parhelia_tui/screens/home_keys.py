"""The keys of the home screen, in the order in which they are shown."""

from __future__ import annotations

from textual.binding import Binding

KEYS = (
    Binding("n", "new", "new", tooltip="new task"),
    Binding("i", "inbox", "inbox", tooltip="who waits for you: allow, refuse and answer from here"),
    Binding("a", "attach", "attach", tooltip="attach to its terminal; Ctrl+Q leaves it again"),
    Binding("t", "tell", "tell", tooltip="tell it something: typed into its terminal from here"),
    Binding("x", "cancel", "cancel", tooltip="cancel it, after a question"),
    Binding("r", "retry", "retry", tooltip="try it again"),
    Binding(
        "d",
        "details",
        "details",
        tooltip="all about it; in Containers: its resources and processes",
        show=False,
    ),
    Binding("X", "terminate", "terminate", show=False, tooltip="end its container, after a question"),
    Binding("D", "trash", "trash", show=False, tooltip="put it into the trash; u brings it back"),
    Binding(
        "U",
        "trashed",
        "trash",
        show=False,
        tooltip="the trash: bring back what lies there, or delete it",
    ),
    Binding(
        "u",
        "undo",
        "undo",
        show=False,
        tooltip="take back what was done last: trash, cancel of the queued",
    ),
    Binding("l", "log", "output", tooltip="what it printed"),
    Binding(
        "c", "checkpoint", "checkpoint", tooltip="take a checkpoint of it; it stands still only for a moment"
    ),
    Binding(
        "C", "checkpoints", "checkpoints", tooltip="its checkpoints: compare, go back, resume", show=False
    ),
    Binding(
        "dollar_sign",
        "budget",
        "budget",
        key_display="$",
        tooltip="its budget: raise it, or stop it",
        show=False,
    ),
    Binding("h", "hosts", "hosts", tooltip="whom it called, whom it was denied; allow one", show=False),
    Binding("slash", "filter", "filter", key_display="/", tooltip="show the tasks that have these words"),
    Binding("w", "wall", "wall", tooltip="the live terminals of all running tasks at once"),
    Binding("E", "history", "events", show=False, tooltip="the history: follow, filter, play again"),
    Binding("T", "past", "past", show=False, tooltip="time travel: the whole dashboard at any past moment"),
    Binding("z", "zoom", "zoom", tooltip="the pane of the focus over everything, and back"),
    Binding("space", "mark", "mark", show=False, tooltip="mark it: t, x, r and c act on all that are marked"),
    Binding("m", "mark_all", "mark all", show=False, tooltip="mark all that are shown, or none"),
    *(
        Binding(
            str(number),
            f"sort({number})",
            "sort",
            show=False,
            tooltip="sort by this column, again turns it round; 0 as usual",
        )
        for number in range(10)
    ),
    Binding("v", "arrange", "view", show=False, tooltip="which panes and columns are shown, and where"),
    Binding(
        "ctrl+z",
        "faults",
        "faults",
        key_display="Ctrl+Z",
        show=False,
        tooltip="only what something is wrong with",
    ),
    Binding(
        "B", "tree", "tree", show=False, tooltip="the fleet as a tree: owner, workspace, session, container"
    ),
    Binding("P", "pulses", "pulses", show=False, tooltip="the health of the fleet in tiles"),
    Binding("S", "settings", "settings", show=False, tooltip="what is configured, and from where; change it"),
    Binding("y", "copy", "copy", show=False, tooltip="copy its id"),
    Binding("tab", "next_pane(1)", "next pane", show=False),
    Binding("shift+tab", "next_pane(-1)", "previous pane", show=False),
    Binding("left_curly_bracket", "carry_pane(-1)", "pane up", key_display="{", show=False),
    Binding("right_curly_bracket", "carry_pane(1)", "pane down", key_display="}", show=False),
    Binding("minus", "hide_pane", "hide the pane; v brings it back", key_display="-", show=False),
    Binding("escape", "calm", "clear filter and notice, leave the zoom", show=False),
    Binding(
        "colon",
        "command",
        "command",
        key_display=":",
        show=False,
        tooltip="any command of parhelia, with completion",
    ),
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("q", "app.quit", "quit", tooltip="leave the dashboard; the work goes on"),
)
