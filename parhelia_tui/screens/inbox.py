"""The inbox: every agent that waits for a person, answered without going to its terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.asking import questions
from parhelia_tui.core.model.display import age
from parhelia_tui.core.model.records import Approval, Task
from parhelia_tui.core.model.states import ApprovalKind
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens import inbox_lines
from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.inbox_answers import Answer, carry_out
from parhelia_tui.screens.inbox_lines import Entry
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.wishing import wish
from parhelia_tui.widgets.bar import Bar, Part
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.notice import Notice
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import RowTable

NARROW = 100
KEYS = (
    Binding("y", "allow", "allow", tooltip="let it go on; accept a task that is to be reviewed"),
    Binding("A", "always", "always", tooltip="allow it, and what is alike too, in its task"),
    Binding("d", "deny", "deny", tooltip="refuse it with a reason, which the agent is told"),
    Binding("t", "tell", "tell", tooltip="tell its agent something: typed into its terminal from here"),
    Binding("enter", "attach", "attach", key_display="Enter", tooltip="go to its terminal; Ctrl+Q leaves it"),
    Binding(
        "space", "mark", "mark", key_display="Space", tooltip="mark it: one key answers all that are marked"
    ),
    Binding("m", "mark_all", "mark all", tooltip="mark all, or none"),
    Binding("l", "log", "output", tooltip="what its task printed"),
    Binding("question_mark", "help", "keys", key_display="?", tooltip="this list"),
    Binding("escape,q,i", "leave", "back", key_display="Esc", tooltip="back to the fleet"),
    Binding("tab", "app.focus_next", "other pane", show=False),
)
EMPTY = "Nobody waits for you."


class InboxScreen(OverHome[str | None]):
    """Who waits at the top or left, what it asks below or right. Gives the id of a task to attach to, or None.

    Args:
        client: names the state directory; wishes run in threads with clients of their own.
        fleet: what is shown of it; whoever changes it calls `fleet_changed`.
        clock: gives epoch seconds.
        tell: asks for what a task is to be told, and tells it.
    """

    TABLE = "inbox"
    crumb = "Inbox"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - Textual declares it so
        (0, "-narrow"),
        (NARROW, "-normal"),
    ]
    DEFAULT_CSS = """
    InboxScreen #panes { layout: vertical; height: 1fr; }
    InboxScreen #inbox-pane { height: 2fr; }
    InboxScreen #question-pane { height: 3fr; padding: 0 1; }
    InboxScreen Bar { background: $panel; }
    """

    def __init__(
        self, client: Client, fleet: FleetView, clock: Callable[[], float], tell: Callable[[Task], None]
    ) -> None:
        super().__init__()
        self._tell = tell
        self._client = client
        self._fleet = fleet
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._marked: set[str] = set()
        self._under_way: set[str] = set()
        self._shown: tuple[Entry | None, int] | None = None
        self.top, self.bottom = Bar(id="top"), Bar(gap=2, id="bottom")
        self.notice = Notice(id="notice")
        self.table = RowTable(inbox_lines.COLUMNS, self._cells, id="inbox")
        self.question = LineView(id="question")
        self.panes = Pane("Inbox", self.table, "inbox-pane"), Pane("Question", self.question, "question-pane")

    def compose(self) -> ComposeResult:
        """Count, words, two panes, keys."""
        yield self.top
        yield self.notice
        with Container(id="panes"):
            yield from self.panes
        yield self.bottom

    def on_mount(self) -> None:
        """Show them."""
        self.table.focus()
        self.fleet_changed()
        self.set_interval(1.0, self._tick)

    def fleet_changed(self) -> None:
        """Show what waits now."""
        self._entries = {entry.key: entry for entry in inbox_lines.entries(self._fleet)}
        self._marked &= self._entries.keys()
        self._under_way &= self._entries.keys()
        self.table.set_keys(list(self._entries), EMPTY)
        self._head()
        self._show_question()

    def _tick(self) -> None:
        self._head()
        self.table.refresh()
        self.notice.pass_time(self._clock())

    def _head(self) -> None:
        count, marked = len(self._entries), len(self._marked)
        said = f"◆ {count} wait{'s' if count == 1 else ''} for you" if count else EMPTY
        colours = self.app.theme_variables
        parts = [Part(Text(said, "bold"))]
        if count:
            oldest = next(iter(self._entries.values())).since
            parts.append(Part(Text(f"the oldest for {age(oldest, self._clock())}"), 1))
        if marked:
            parts.append(Part(Text(f"{marked} marked", f"bold {colours.get('accent')}")))
        self.top.show(parts)
        self.panes[0].head(f"Inbox ▪ {count}")
        self.bottom.show(self.shown_keys())

    def _cells(self, name: str) -> Sequence[Text]:
        return inbox_lines.cells(
            self._entries[name], name in self._marked, self._clock(), self.app.theme_variables
        )

    def _show_question(self) -> None:
        """Show the whole of what is asked under the cursor, folded to the width."""
        entry = self._entries.get(self.table.key or "")
        width = max(8, self.question.size.width - 1)
        if (entry, width) == self._shown:
            return
        self._shown = entry, width
        lines = inbox_lines.details(entry, self._clock(), self.app.theme_variables) if entry else []
        self.panes[1].head(f"{one_line(entry.task.slug, 60)} ▪ {entry.key}" if entry else "Question")
        folded = [piece for line in lines for piece in (line.wrap(self.app.console, width) or [Text()])]
        self.question.show_lines(folded)

    def on_row_table_highlighted(self) -> None:
        """Another one: another question."""
        self.question.scroll_home(animate=False)
        self._show_question()
        self._head()

    def on_resize(self, event: events.Resize) -> None:
        """Another width folds lines elsewhere."""
        self.call_after_refresh(self._show_question)

    def say(self, text: str) -> None:
        """Show a sentence for some seconds."""
        self.notice.say(text, self._clock())

    # Which ones

    def action_mark(self) -> None:
        """Mark the one under the cursor, or no longer, and go to the next."""
        if self.may("mark") and self.table.key is not None:
            self._marked ^= {self.table.key}
            self.table.action_move(1)
            self._tick()

    def action_mark_all(self) -> None:
        """Mark all; where all are marked, none."""
        if not self.may("mark_all"):
            return
        everything = set(self._entries)
        self._marked = set() if self._marked == everything else everything
        self._tick()

    def _chosen(self) -> list[Entry]:
        """Those that a key is about: the marked ones, else that under the cursor; not what is being answered."""
        names = [name for name in self._entries if name in self._marked] or [self.table.key or ""]
        return [
            self._entries[name] for name in names if name in self._entries and name not in self._under_way
        ]

    # Answers

    def action_allow(self) -> None:
        """Allow, answer or accept."""
        if not self.may("allow"):
            return
        chosen = self._chosen()
        if len(chosen) == 1 and chosen[0].approval is not None:
            approval = chosen[0].approval
            if approval.kind is ApprovalKind.QUESTION:
                self._ask(chosen[0], approval, [])
                return
        self._answer(chosen, Answer("allow"))

    def action_always(self) -> None:
        """Allow, and what is alike from now on."""
        if self.may("always"):
            self._answer(self._chosen(), Answer("allow", always=True))

    def action_deny(self) -> None:
        """Refuse, after asking for a reason."""
        if not self.may("deny"):
            return
        chosen = [entry for entry in self._chosen() if entry.approval is not None or entry.reviewed]
        about = f"“{one_line(chosen[0].words, 100)}”" if len(chosen) == 1 else f"all {len(chosen)}"

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._answer(chosen, Answer("deny", reason=reason))

        self.app.push_screen(
            AskScreen(
                f"Refuse {about}?",
                "Why, or what to do instead: the agent is told. Enter alone gives no reason, Esc refuses nothing.",
                empty=True,
            ),
            answered,
        )

    def _ask(self, entry: Entry, approval: Approval, given: list[str]) -> None:
        """Ask for the answers to its questions, one after the other."""
        asked = questions(approval.input) or [(approval.message or "What is the answer?", [])]
        if len(given) == len(asked):
            self._answer([entry], Answer("allow", answers=tuple(given)))
            return
        text, options = asked[len(given)]
        choice = "\n".join(f"{number} {one_line(label, 60)}" for number, (label, _) in enumerate(options, 1))

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._ask(entry, approval, [*given, answer])

        hint = f"{choice}\nA number, or your own words." if choice else "Your answer."
        self.app.push_screen(AskScreen(one_line(text, 300), hint), answered)

    def _answer(self, chosen: Sequence[Entry], answer: Answer) -> None:
        """Answer all that can be, and say what became of it."""
        possible = [entry for entry in chosen if answer.fits(entry)]
        left = len(chosen) - len(possible)
        names = [entry.key for entry in possible]
        self._under_way.update(names)
        wish(
            self,
            self._client,
            lambda door: carry_out(door, possible, answer),
            lambda outcome: self._answered(names, outcome.in_words(answer, left)),
            lambda: self._under_way.difference_update(names),
        )

    def _answered(self, names: Sequence[str], said: str) -> None:
        self._under_way.difference_update(names)
        self._marked.difference_update(names)
        self.say(said)
        self._tick()

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action not in ("allow", "always", "deny", "tell", "attach", "mark", "mark_all", "log"):
            return ""
        if action in ("allow", "always", "deny", "tell") and is_read_only():
            return "the dashboard is read-only"
        entry = self._entries.get(self.table.key or "")
        if entry is None:
            return EMPTY
        if action == "tell":
            return _why_not_told(entry)
        return self._why_not_answered(action) if action in ("allow", "always", "deny") else ""

    def _why_not_answered(self, action: str) -> str:
        chosen = self._chosen()
        if not chosen:
            return "its answer is on its way"
        answer = Answer("deny" if action == "deny" else "allow", always=action == "always")
        asks = action == "allow" and len(chosen) == 1 and chosen[0].approval is not None
        if asks or any(answer.fits(each) for each in chosen):
            return ""
        return chosen[0].how if chosen[0].approval is None else "it asks a question: y alone answers it"

    def subject(self) -> Subject:
        """The task under the cursor, or those that are marked, are what a command of the user's own is for."""
        entry = self._entries.get(self.table.key or "")
        marked = {each.task.id: each.task for name, each in self._entries.items() if name in self._marked}
        return replace(self.subject_of(entry.task if entry else None), marked=tuple(marked.values()))

    # Elsewhere

    def on_row_table_opened(self) -> None:
        """Enter on a row: to its terminal."""
        self.action_attach()

    def action_attach(self) -> None:
        """Go to the terminal of the one under the cursor."""
        entry = self._entries.get(self.table.key or "")
        if not self.may("attach") or entry is None:
            return
        if entry.reviewed:
            self.action_log()
        else:
            self.dismiss(entry.task.id)

    def action_tell(self) -> None:
        """Tell the agent under the cursor something."""
        entry = self._entries.get(self.table.key or "")
        if self.may("tell") and entry is not None:
            self._tell(entry.task)

    def action_log(self) -> None:
        """Show what the task printed."""
        from parhelia_tui.screens.log import LogScreen

        entry = self._entries.get(self.table.key or "")
        if self.may("log") and entry is not None:
            self.app.push_screen(LogScreen(self._client, entry.task))

    def action_leave(self) -> None:
        """Back to the fleet."""
        self.dismiss(None)


def _why_not_told(entry: Entry) -> str:
    if entry.approval is not None:
        return "it waits for an answer to this first: y, A or d"
    return "its task has ended, so there is nobody to tell" if entry.reviewed else ""
