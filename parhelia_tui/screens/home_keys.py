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
        tooltip="all about it: terminal, talk, changes, history, cost; in Containers: resources, processes",
        show=False,
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
    Binding("v", "arrange", "view", show=False, tooltip="which columns the tables have, and in which order"),
    Binding("tab", "next_pane(1)", "next pane", show=False),
    Binding("shift+tab", "next_pane(-1)", "previous pane", show=False),
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
