"""An ssh server on loopback that serves git to those who have a key."""

from __future__ import annotations

import asyncio
import shlex
import threading
from pathlib import Path
from typing import Any

import asyncssh


class GitServer:
    """Serves every repository of this machine by ssh, in a thread of its own, to holders of a key.

    Args:
        key: the public key that may come in.
    """

    def __init__(self, key: str) -> None:
        self._host = asyncssh.generate_private_key("ssh-ed25519")
        self._key = asyncssh.import_authorized_keys(key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.port = 0

    def __enter__(self) -> GitServer:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *about: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def known_hosts(self) -> str:
        """The line by which a client knows it."""
        return f"[127.0.0.1]:{self.port} {self._host.export_public_key().decode()}"

    def url(self, repository: Path) -> str:
        """How a repository is named."""
        return f"ssh://git@127.0.0.1:{self.port}{repository}"

    async def _listen(self) -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self._host],
            authorized_client_keys=self._key,
            process_factory=_serve,
            encoding=None,
        )

    async def _stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
    words = shlex.split(process.command or "false")
    child = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
    process.exit(await child.wait())
    await process.wait_closed()
