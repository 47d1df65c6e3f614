"""What a round of reconciling sees of the provider: our sandboxes by their tags, and what is mirrored here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from parhelia_tui.core.backends.base import Listing, Sighting
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.modal import records
from parhelia_tui.core.backends.modal.drift import Drift
from parhelia_tui.core.backends.modal.records import SandboxRecord
from parhelia_tui.core.backends.modal.sandboxes import Sandboxes
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths


class Lister:
    """Looks at every sandbox that carries the mark of this state directory.

    Args:
        paths: the state directory.
        sandboxes: by whom they are listed.
        drift: by whom those are looked at that are not as they were made.
    """

    def __init__(self, paths: Paths, sandboxes: Sandboxes, drift: Drift) -> None:
        self._paths = paths
        self._sandboxes = sandboxes
        self._drift = drift

    async def every(self) -> Listing:
        """Look at the sandboxes, and at the records here of those that a listing does not show."""
        try:
            known = await asyncio.to_thread(records.all_of, self._paths)
            running = await self._sandboxes.running(
                {each.object_id: name for name, each in known.items() if each.object_id}
            )
        except FileNotFoundError:
            return Listing({}, complete=True)
        except (OSError, ParheliaError) as error:
            return Listing({}, complete=False, error=str(error))
        seen = {
            name: Sighting(
                name, alive=True, started=True, exit=None, drift=_words(running.alike.get(name, ()))
            )
            for name in running.names
        }
        mark = records.installation(self._paths, make=False)
        for name, record in known.items():
            if name not in seen:
                seen[name] = await self._unlisted(name, record, mark)
        return Listing(seen, complete=True, doubles=_certain(running.doubles, known))

    async def _unlisted(self, name: str, record: SandboxRecord, mark: str) -> Sighting:
        exit = run_directory.exit_of(self._paths.container(name))
        drift = None
        if exit is None and record.brought:
            drift = await self._drift.of(name, record, mark)
        started = records.has_begun(self._paths.container(name), record)
        return Sighting(name, alive=drift is not None, started=started, exit=exit, drift=drift or "")


def _certain(
    doubles: Mapping[str, tuple[str, ...]], known: Mapping[str, SandboxRecord]
) -> dict[str, tuple[str, ...]]:
    """Those of which it is written down here which sandbox is the right one."""
    return {name: found for name, found in doubles.items() if known[name].brought}


def _words(alike: tuple[str, ...]) -> str:
    return f"its tags are also those of {', '.join(alike)}, which was not made here" if alike else ""
