"""What stands in the rows of the checkpoint screen; nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.display import age, size
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.widgets import look
from parhelia_tui.widgets.row_table import Column

COLUMNS = (
    Column("AGE", 4, right=True),
    Column("WHY", 8),
    Column("ADDED", 6, right=True),
    Column("CHANGED", 7, rank=1, right=True),
    Column("FILES", 6, rank=2, right=True),
    Column("NOTE", 12, flexible=True),
)
CHANGE_COLUMNS = (Column("", 1), Column("FILE", 20, flexible=True), Column("SIZE", 8, rank=1, right=True))
_SIGNS = {"A": "success", "M": "warning", "D": "error"}


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs.

    Args:
        sign: A added, M changed, D deleted.
        grown: bytes it has become longer, or shorter.
    """

    sign: str
    path: str
    grown: int


def cells(each: Checkpoint, now: float, colours: Mapping[str, str]) -> Sequence[Text]:
    """A row of the time line."""
    words = [*(["protected"] if each.protected else []), *each.tags, each.note or each.reason or each.id]
    why = Text(str(each.trigger)) if each.state is CheckpointState.READY else look.state(each.state, colours)
    return (
        Text(age(each.created_at, now)),
        why,
        Text(size(each.added_bytes)),
        Text(f"{each.changed_files}"),
        Text(f"{each.files}"),
        Text(one_line(" ".join(words), 300)),
    )


def change_cells(each: Change, colours: Mapping[str, str]) -> Sequence[Text]:
    """A row of the files that differ."""
    style = Style(color=colours.get(_SIGNS[each.sign]))
    grown = f"{each.grown:+,}" if each.grown else ""
    return (Text(each.sign, style), Text(one_line(each.path, 1000)), Text(grown))
