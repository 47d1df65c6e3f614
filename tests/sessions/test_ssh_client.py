"""Our ssh client as a program: what goes through it, also while the keys of the connection are made anew."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh

from parhelia_tui.core.sessions import ssh_carrying, ssh_client, ssh_pump

BYTES = 6_000_000
DEADLINE_S = 60.0


@contextlib.asynccontextmanager
async def server(tmp_path: Path, **more: Any) -> AsyncIterator[dict[str, Any]]:
    """A server of the test's own that gives back what it is sent, and the endpoint of it."""

    async def echo(process: Any) -> None:
        while data := await process.stdin.read(1 << 16):
            process.stdout.write(data)
            await process.stdout.drain()
        process.stderr.write(b"that was all\n")
        process.exit(7)

    host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    listening = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=asyncssh.import_authorized_keys(client.export_public_key().decode()),
        process_factory=echo,
        encoding=None,
        **more,
    )
    (tmp_path / "key").write_bytes(client.export_private_key())
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "known").write_bytes(b"there " + host.export_public_key())
    try:
        yield {
            "host": "127.0.0.1",
            "port": listening.get_port(),
            "user": "root",
            "key": str(tmp_path / "key"),
            "known_hosts": str(tmp_path / "known"),
        }
    finally:
        listening.close()
        await listening.wait_closed()


async def _sent(endpoint: dict[str, Any], data: bytes) -> tuple[int | None, bytes, bytes]:
    words = [sys.executable, "-P", "-m", ssh_client.__name__, json.dumps(endpoint), "echo"]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, wrong = await asyncio.wait_for(process.communicate(data), DEADLINE_S)
    return process.returncode, out, wrong


def test_all_comes_back_whole_while_new_keys_are_agreed_on_again_and_again(tmp_path: Path) -> None:
    data = os.urandom(BYTES)

    async def run() -> tuple[int | None, bytes, bytes]:
        async with server(tmp_path, rekey_bytes=BYTES // 12) as endpoint:
            return await _sent(endpoint, data)

    code, out, wrong = asyncio.run(run())
    assert (code, wrong) == (7, b"that was all\n")
    assert hashlib.sha256(out).digest() == hashlib.sha256(data).digest()


def test_another_cipher_goes_through_as_well(tmp_path: Path) -> None:
    data = os.urandom(BYTES // 10)

    async def run() -> tuple[int | None, bytes, bytes]:
        async with server(tmp_path, encryption_algs=["chacha20-poly1305@openssh.com"]) as endpoint:
            return await _sent(endpoint, data)

    assert asyncio.run(run()) == (7, data, b"that was all\n")


def test_a_connection_of_ours_goes_the_short_way_and_asyncssh_goes_on_after_it(tmp_path: Path) -> None:
    async def run() -> tuple[bool, ssh_pump.Left, bytes, bytes]:
        async with server(tmp_path) as endpoint:
            connection = await ssh_client.connect(endpoint)
            keys, typed = os.pipe2(os.O_CLOEXEC)
            shown, sink = os.pipe2(os.O_CLOEXEC)
            bell, _ring = pipes = os.pipe2(os.O_CLOEXEC)
            session = ssh_carrying.Channel(sink, sink)
            channel, _ = await connection.create_session(lambda: session, "echo", encoding=None)
            # It begins to read with the next turn of the event loop.
            await asyncio.sleep(0)
            fits = ssh_pump.fits(connection, channel)
            os.write(typed, b"short")
            pump = ssh_pump.Pump(connection, channel, keys, bell, session.take)
            # The server is of this very process, so it answers once the event loop has its turn.
            left = pump.run()
            while len(session.tail) < len(b"short"):
                await session.news.wait()
                session.news.clear()
            first = os.read(shown, 100)
            channel.write(b"long")
            channel.write_eof()
            while not session.has_ended:
                await session.news.wait()
                session.news.clear()
            os.close(sink)
            rest = b"".join(iter(lambda: os.read(shown, 100), b""))
            for each in (keys, typed, shown, *pipes):
                os.close(each)
            connection.close()
            await connection.wait_closed()
            return fits, left, first, rest

    assert asyncio.run(run()) == (True, ssh_pump.Left.QUIET, b"short", b"longthat was all\n")


def test_a_connection_that_is_cut_is_noticed_at_once(tmp_path: Path) -> None:
    """Not only with the next keepalive, and a processor busy until then."""
    cut = asyncio.Event()

    async def relay(near: asyncio.StreamReader, back: asyncio.StreamWriter, port: int) -> None:
        far, there = await asyncio.open_connection("127.0.0.1", port)
        ways = [asyncio.create_task(_copy(near, there)), asyncio.create_task(_copy(far, back))]
        await cut.wait()
        for each in ways:
            each.cancel()
        for writer in (back, there):
            writer.close()

    async def run() -> tuple[int | None, bytes]:
        async with server(tmp_path) as endpoint:
            port = endpoint["port"]
            between = await asyncio.start_server(lambda near, back: relay(near, back, port), "127.0.0.1", 0)
            endpoint["port"] = between.sockets[0].getsockname()[1]
            words = [sys.executable, "-P", "-m", ssh_client.__name__, json.dumps(endpoint), "echo"]
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=pipe)
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"here")
            assert await asyncio.wait_for(process.stdout.readexactly(4), DEADLINE_S) == b"here"
            cut.set()
            _, wrong = await asyncio.wait_for(process.communicate(), ssh_client.KEEPALIVE_S / 2)
            between.close()
            return process.returncode, wrong

    code, wrong = asyncio.run(run())
    assert (code, wrong) == (ssh_client.Ended.LOST, b"the connection ended\n")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
