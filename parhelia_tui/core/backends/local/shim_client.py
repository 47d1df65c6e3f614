"""Speaking to the shim of a container from the controller."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANSWER_S = 5.0


async def terminate(address: Path, reason: str, grace_s: float, deadline_s: float) -> None:
    """Tell a shim to end its container, and wait until the shim itself has ended.

    The shim leaves the connection open until its last act, so its end is the container's.

    Raises:
        OSError: nobody answers.
        TimeoutError: it does not end in time.
    """
    async with asyncio.timeout(deadline_s):
        reader, writer = await asyncio.open_unix_connection(str(address))
        try:
            request = {"op": "terminate", "reason": reason, "grace_s": grace_s}
            await _ask(reader, writer, request)
            with contextlib.suppress(ConnectionError):
                while await reader.read(4096):
                    pass
        finally:
            writer.close()


async def tell_kept(address: Path) -> None:
    """Tell an agent that waits before a risky step that what there is has been kept.

    Raises:
        OSError: nobody answers, or not in time (TimeoutError).
    """
    await _once(address, {"op": "kept"})


async def answer(address: Path, ask: int, said: Mapping[str, object]) -> str:
    """Answer a question of an agent, and give the decision that it was told; empty where it waits no more.

    Raises:
        OSError: nobody answers, or not in time (TimeoutError).
    """
    return str((await _once(address, {"op": "answer", "ask": ask, **said}))["decision"])


async def order_egress(address: Path, line: dict[str, Any]) -> None:
    """Say something to the egress process of a container, by its supervisor.

    Raises:
        OSError: nobody answers, or not in time (TimeoutError).
    """
    async with asyncio.timeout(ANSWER_S):
        reader, writer = await asyncio.open_unix_connection(str(address))
        try:
            await _ask(reader, writer, {"op": "egress", "line": line})
        finally:
            writer.close()


async def status(address: Path) -> dict[str, Any]:
    """Ask a shim how it is.

    Raises:
        OSError: nobody answers, or not in time (TimeoutError).
    """
    return await _once(address, {"op": "status"})


async def _once(address: Path, request: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(ANSWER_S):
        reader, writer = await asyncio.open_unix_connection(str(address))
        try:
            return await _ask(reader, writer, request)
        finally:
            writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: dict[str, Any]
) -> dict[str, Any]:
    writer.write((json.dumps(request) + "\n").encode("ascii"))
    line = await asyncio.wait_for(reader.readline(), ANSWER_S)
    try:
        answer = dict(json.loads(line))
    except (ValueError, TypeError) as error:
        raise ConnectionError("the shim gave no answer") from error
    if not answer.get("ok"):
        raise ConnectionError(f"the shim refused: {answer.get('error')}")
    return answer
