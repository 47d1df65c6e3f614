"""The ways from the controller to a person: a program, and an address on the network."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parhelia_tui.core.egress.authorities import trusted
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.notices import Notice

if TYPE_CHECKING:
    import ssl

COMMAND_S = 30.0
WEBHOOK_S = 5.0
ANSWER = 4096
"""Bytes of an answer that are read."""
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")


def payload(notice: Notice) -> bytes:
    """A notice as JSON; `text` is what chat services show."""
    return json.dumps(
        {
            "kind": notice.kind,
            "task_id": notice.task_id,
            "title": notice.title,
            "about": notice.about,
            "priority": notice.priority,
            "at": notice.at,
            "text": f"{notice.headline}: {notice.about}" if notice.about else notice.headline,
        }
    ).encode("ascii")


async def run_command(command: Sequence[str], notice: Notice) -> None:
    """Run a program with a notice on its standard input, and end it and its children after `COMMAND_S`.

    Raises:
        ParheliaError: E500 when it cannot be started or ends with another code than 0, E501 when it takes too long.
    """
    environment = {
        name: value for name, value in os.environ.items() if not any(word in name.upper() for word in _SECRET)
    }
    environment |= {"PARHELIA_NOTICE": notice.kind, "PARHELIA_TASK_ID": notice.task_id}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ParheliaError("E500", f"{command[0]} cannot be started: {error}") from error
    try:
        async with asyncio.timeout(COMMAND_S):
            _, errors = await process.communicate(payload(notice) + b"\n")
    except TimeoutError as error:
        raise ParheliaError("E501", f"{command[0]} took longer than {COMMAND_S:g} s") from error
    finally:
        # Its children too: they are of its session, and nothing of ours is left behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode is None:
            await process.wait()
    if process.returncode != 0:
        said = errors.decode("utf-8", "replace").strip()[-200:]
        raise ParheliaError("E500", f"{command[0]} ended with {process.returncode}: {said}")


async def post(address: str, notice: Notice, ca_file: str = "") -> None:
    """Send a notice to an address.

    Args:
        ca_file: authorities whose certificates count beside this machine's.

    Raises:
        ParheliaError: E502 when it was not taken, E501 when it took too long.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        async with asyncio.timeout(WEBHOOK_S):
            status = await _exchange(
                host,
                parts.port,
                trusted(ca_file) if parts.scheme == "https" else None,
                parts.netloc,
                _target(address),
                payload(notice),
            )
    except TimeoutError as error:
        raise ParheliaError("E501", f"{host} did not answer within {WEBHOOK_S:g} s") from error
    except (OSError, ValueError) as error:
        raise ParheliaError("E502", f"{host} cannot be reached: {error}") from error
    if not 200 <= status < 300:
        raise ParheliaError("E502", f"{host} answered with {status}", details={"status": status})


def _target(address: str) -> str:
    parts = urlsplit(address)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


async def _exchange(
    host: str, port: int | None, context: ssl.SSLContext | None, netloc: str, target: str, body: bytes
) -> int:
    """One request of HTTP/1.1 (RFC 9112) on a connection of its own; gives the status."""
    reader, writer = await asyncio.open_connection(host, port or (443 if context else 80), ssl=context)
    try:
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nUser-Agent: parhelia\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        line = (await reader.readuntil(b"\n"))[:ANSWER]
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ValueError("it gave no answer of HTTP") from error
    finally:
        writer.close()
    words = line.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("it gave no answer of HTTP")
    return int(words[1])
