"""What this machine keeps of its sandboxes: who we are at the provider, and which sandbox is which container."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from parhelia_tui.core.backends.local.run_directory import ELSEWHERE
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import spool

RECORD = ELSEWHERE
_ACCOUNT = "modal.json"


@dataclass(frozen=True, slots=True)
class SandboxRecord:
    """One container's sandbox.

    Args:
        object_id: the provider's id; empty before it answered.
        workspace: the directory of this machine that its results come to.
        brought: spec and workspace are in it, so it has begun or will.
        created_at: epoch seconds.
        ends_at: when the sandbox is gone though its container could go on, in epoch seconds; 0 for never.
        host, port: its tunnel, as far as it is known.
        cargo: the folder of the volume that is its own, as long as something may lie there; empty for none.
        form: in which it was made (`forms.text`); empty where others cannot be made like it.
        is_spare: it waits for its container, of which nobody knows yet.
        tried: its container was on its way there when nobody answered any more, and may have begun.
    """

    object_id: str
    workspace: str
    brought: bool
    created_at: float
    ends_at: float = 0.0
    host: str = ""
    port: int = 0
    cargo: str = ""
    form: str = ""
    is_spare: bool = False
    tried: bool = False


def installation(paths: Paths, *, make: bool) -> str:
    """Give the id with which this state directory marks what it starts; empty where it never started anything.

    Args:
        make: choose one where there is none.

    Raises:
        ParheliaError: E500.
    """
    known = _account(paths)
    if known or not make:
        return known.get("installation", "")
    private_directory(paths.home)
    _write(paths.home / _ACCOUNT, {"installation": f"i-{secrets.token_hex(8)}"}, exclusive=True)
    return installation(paths, make=False)


def secret(paths: Paths) -> str:
    """Give the name of the secret that was made from here; empty where none was. Raises E500."""
    return _account(paths).get("secret", "")


def secret_mark(paths: Paths) -> str:
    """Give what tells the present value of the secret from those before; it is no part of it. Raises E500."""
    return _account(paths).get("secret_mark", "")


def keep_secret(paths: Paths, name: str) -> None:
    """Write down which secret was made from here, or given another value. Raises E500, OSError."""
    mark = installation(paths, make=True)
    _write(
        paths.home / _ACCOUNT,
        {"installation": mark, "secret": name, "secret_mark": secrets.token_hex(8)},
    )


def _account(paths: Paths) -> dict[str, str]:
    place = paths.home / _ACCOUNT
    try:
        found = json.loads(place.read_text())
        return {
            "installation": str(found["installation"]),
            "secret": str(found.get("secret", "")),
            "secret_mark": str(found.get("secret_mark", "")),
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ParheliaError("E500", f"{place} cannot be read: {error}") from error


def read(run: Path) -> SandboxRecord | None:
    """Read the record of a run directory; None where there is none that can be read."""
    try:
        return SandboxRecord(**json.loads((run / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def has_begun(run: Path, record: SandboxRecord) -> bool:
    """Say whether a container was brought. Its mirror shows it too, where who brought it was killed right after."""
    try:
        return record.brought or (run / spool.NAME).stat().st_size > 0
    except FileNotFoundError:
        return False


def note_brought(run: Path, record: SandboxRecord, object_id: str) -> SandboxRecord:
    """Write down that a container was brought to a sandbox, and give what is known now. Raises E507."""
    if record.brought:
        return record
    noted = replace(record, object_id=object_id, brought=True)
    try:
        write(run, noted)
    except OSError as error:
        raise ParheliaError("E507", f"{run} cannot be written: {error.strerror}") from error
    return noted


def write(run: Path, record: SandboxRecord) -> None:
    """Write the record of a run directory, as a whole or not at all. Raises OSError."""
    _write(run / RECORD, asdict(record))


def all_of(paths: Paths) -> dict[str, SandboxRecord]:
    """Read every record, by container. Raises OSError when the directory cannot be read."""
    found = {}
    with os.scandir(paths.containers) as entries:
        for entry in entries:
            record = read(Path(entry.path))
            if record is not None:
                found[entry.name] = record
    return found


def _write(place: Path, content: object, *, exclusive: bool = False) -> None:
    new = place.with_name(f".{place.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(content))
        file.flush()
        os.fsync(file.fileno())
    if exclusive:
        # The first of several processes wins, and all use what it chose.
        try:
            os.link(new, place)
        except FileExistsError:
            pass
        new.unlink()
    else:
        new.replace(place)
