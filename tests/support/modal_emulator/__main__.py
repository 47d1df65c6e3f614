"""Run the emulator in the foreground: prints its URL, ends with its standard input or on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tests.support.modal_emulator.server import Emulator


async def _serve(root: Path, port: int, more: dict[str, Path]) -> None:
    emulator = Emulator(root, more)
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(await emulator.start(port), flush=True)
    ends = [asyncio.ensure_future(done.wait()), asyncio.ensure_future(reader.read())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in ends:
        each.cancel()
    await emulator.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--see", action="append", default=[], metavar="INSIDE=HERE")
    given = parser.parse_args()
    seen = {inside: Path(here) for inside, _, here in (each.partition("=") for each in given.see)}
    asyncio.run(_serve(given.root, given.port, seen))
