"""Sandboxes that run otherwise than they were made: found where a listing lacks or doubles them, and put right."""

from __future__ import annotations

from parhelia_tui.core.backends.modal.provider import Provider
from parhelia_tui.core.backends.modal.records import SandboxRecord
from parhelia_tui.core.backends.modal.trouble import is_absent, patiently
from parhelia_tui.core.model.errors import ParheliaError

INSTALLATION_TAG, CONTAINER_TAG = "parhelia", "container"


class Drift:
    """Looks at single sandboxes that the listing by our tags does not show, or shows beside ours.

    Args:
        provider: where they are.
        app: the name of the app that is listed.
    """

    def __init__(self, provider: Provider, app: str) -> None:
        self._provider = provider
        self._app = app
        self._gone: set[str] = set()

    async def of(self, container_id: str, record: SandboxRecord, mark: str) -> str | None:
        """Say in words how a sandbox differs from what was made; its tags are set anew where they do.

        Args:
            mark: the id of this installation.

        Returns:
            None where it does not run any more, or the provider does not tell.
        """
        if record.object_id in self._gone:
            return None
        try:
            sandbox = await self._provider.by_id(record.object_id)
            if sandbox is None or not await self._provider.is_running(sandbox):
                # What has ended stays so; a record without an end is looked at once.
                self._gone.add(record.object_id)
                return None
            made_with = {INSTALLATION_TAG: mark, CONTAINER_TAG: container_id}
            tags = await self._provider.tags(sandbox)
            if tags == made_with:
                return f"{record.object_id} runs with its tags, but is not among the sandboxes of the app {self._app}"
            await patiently(
                lambda: sandbox.set_tags.aio(made_with), "the tags of a sandbox could not be set anew"
            )
        except ParheliaError:
            return None
        except Exception as error:
            if not is_absent(error):
                raise
            # It went while we looked; who settles it asks again.
            return None
        return f"the tags of {record.object_id} were {_words(tags)}, and are set anew"

    async def end_double(self, container_id: str, double: str, record: SandboxRecord, mark: str) -> bool:
        """End a sandbox that carries the tags of a container whose sandbox is another one.

        Everything is asked anew, as the listing that showed it is some moments old.

        Args:
            double: the provider's id of the sandbox that is too many.
            record: of the container, with the sandbox that it was brought to.
            mark: the id of this installation.

        Returns:
            True when it has ended by this; False where it is not certainly ours and too many, and is left alone.

        Raises:
            ParheliaError: E503 when it could not be ended.
        """
        if not record.brought or record.object_id in ("", double):
            return False
        sandbox = await self._provider.by_id(double)
        if sandbox is None or not await self._provider.is_running(sandbox):
            return False
        try:
            if await self._provider.tags(sandbox) != {INSTALLATION_TAG: mark, CONTAINER_TAG: container_id}:
                return False
            await patiently(sandbox.terminate.aio, f"{double} could not be ended")
        except ParheliaError:
            raise
        except Exception as error:
            if not is_absent(error):
                raise
            return False
        return True


def _words(tags: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(tags.items())) or "gone"
