"""What is said of one checkpoint, on every front."""

from __future__ import annotations

from parhelia_tui.core.model.display import age, length, money, several, size
from parhelia_tui.core.model.records import Checkpoint


def moment(seconds: float) -> str:
    """A short length of time, in milliseconds below ten seconds."""
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else length(seconds)


def about(found: Checkpoint, now: float | None = None) -> list[tuple[str, str]]:
    """Give what there is to say of a checkpoint: names with values, empty where there is none.

    Args:
        now: epoch seconds, the present if not given.
    """
    git = found.git
    where = git.get("branch") or "no branch"
    standing = f"{where} at {str(git.get('head') or 'no commit')[:12]}" if git else ""
    changes = ", ".join(
        f"{git[name]} {name}" for name in ("staged", "unstaged", "untracked", "stashes") if git.get(name)
    )
    return [
        ("id", found.id),
        ("task", f"{found.task_id}, attempt {found.attempt}"),
        ("state", str(found.state)),
        ("reason", found.reason),
        ("trigger", str(found.trigger)),
        ("taken", f"{age(found.created_at, now)} ago"),
        ("parent", found.parent or ""),
        ("workspace", found.workspace),
        ("files", f"{found.files}, {size(found.bytes)}"),
        ("changed", f"{several(found.changed_files, 'file')}, {size(found.added_bytes)} added to the store"),
        ("stood still", f"{moment(found.pause_s)} of {moment(found.took_s)}"),
        ("talk", "kept" if found.conversation else "none"),
        ("branch", standing),
        ("changes", changes),
        ("tokens", f"{found.input_tokens} in, {found.output_tokens} out"),
        ("cost", money(found.cost_usd) if found.cost_usd is not None else ""),
        ("tags", " ".join(found.tags)),
        ("note", found.note),
        ("protected", "yes" if found.protected else ""),
        *((f"{name}", str(value)) for name, value in found.environment.items()),
        *(("not taken", each) for each in found.skipped),
    ]
