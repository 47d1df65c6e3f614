"""What a running container in a sandbox is told: sessions, answers, keys, money and hosts."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence

from parhelia_tui.core.backends.local import egress as local_egress
from parhelia_tui.core.backends.local.plans import check_words
from parhelia_tui.core.backends.modal import egress, shim_file
from parhelia_tui.core.backends.modal.provider import RUN, Provider
from parhelia_tui.core.backends.modal.sandboxes import Sandboxes
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Orders:
    """Tells containers; the methods are those of a backend.

    Args:
        paths: the state directory.
        provider, sandboxes: by whom they are reached.
    """

    def __init__(self, paths: Paths, provider: Provider, sandboxes: Sandboxes) -> None:
        self._paths = paths
        self._provider = provider
        self._sandboxes = sandboxes

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container. Raises E100, E203, E503, E602."""
        if not _SESSION.fullmatch(session_name):
            raise ParheliaError("E100", f"{session_name!r} cannot be the name of a session")
        check_words(command)
        sandbox = await self._sandboxes.living(container_id)
        # Under a name that the shim of an earlier version, which would run it as root, does not know.
        given = json.dumps({"own": list(command)}).encode()
        code, _, wrong = await self._sandboxes.run(
            sandbox, shim_file.words("session", RUN, session_name), given
        )
        if code != 0:
            raise ParheliaError("E602", f"the session could not be started: {wrong.strip()[-200:]}")

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        if _SESSION.fullmatch(session_name):
            sandbox = await self._sandboxes.living(container_id)
            await self._sandboxes.run(sandbox, shim_file.words("end-session", RUN, session_name))

    async def tell_kept(self, container_id: str) -> None:
        """Tell an agent that waits before a risky step that its work so far is kept; nothing where none waits."""
        with contextlib.suppress(ParheliaError):
            await self._sandboxes.tell(await self._sandboxes.living(container_id), {"op": "kept"})

    async def answer(self, container_id: str, ask: int, said: Mapping[str, object]) -> str | None:
        """Answer a question with which an agent waits; None where it could not be asked."""
        try:
            sandbox = await self._sandboxes.living(container_id)
            return str(
                (await self._sandboxes.tell(sandbox, {"op": "answer", "ask": ask, **said}))["decision"]
            )
        except ParheliaError:
            return None

    async def give_key(self, container_id: str, value: str) -> bool:
        """Hand over the API's key by the private input of a command, to the memory of the supervisor alone."""
        run = self._paths.container(container_id)
        if egress.settings_in(run) is None:
            return False
        return await self._order_egress(container_id, await egress.key_order(run, value))

    async def tell_allowance(self, container_id: str, said: Mapping[str, object]) -> bool:
        """Tell the meter of a sandbox what it may spend; False where it could not be told."""
        return await self._order_egress(container_id, {"op": "allowance", **said})

    async def allow(self, container_id: str, hosts: Sequence[str]) -> bool:
        """Let a running sandbox reach these hosts too, by its own proxy and by the provider.

        Raises:
            ParheliaError: E500, E503.
        """
        run = self._paths.container(container_id)
        if not local_egress.allow(run, hosts):
            return False
        found = egress.let_out("allowlist", egress.settings_in(run))
        sandbox = await self._sandboxes.living(container_id)
        if found is not None:
            await self._provider.let_out(sandbox, *found)
        return await self._order_egress(container_id, {"op": "allow", "hosts": list(hosts)})

    async def _order_egress(self, container_id: str, line: Mapping[str, object]) -> bool:
        try:
            sandbox = await self._sandboxes.living(container_id)
            await self._sandboxes.tell(sandbox, {"op": "egress", "line": dict(line)})
        except ParheliaError:
            # It is not there yet, or not any more; who orders looks again.
            return False
        return True
