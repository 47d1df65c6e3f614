"""An API that streams events at a given pace, as a process of its own: `python -m bench.provider`.

It prints its port. The body of a request says how many events there are and how many come in a second.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

DELTA = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, '
    b'"delta": {"type": "text_delta", "text": " and then some more"}}\n\n'
)
START = {
    "type": "message_start",
    "message": {
        "type": "message",
        "model": "claude-opus-5",
        "usage": {"input_tokens": 100, "output_tokens": 1},
    },
}
STOP = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(fields: Mapping[str, object]) -> bytes:
    """One event of a stream."""
    return f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.lower().split(b"\r\n")
            size = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
            asked = json.loads(await reader.readexactly(size))
            writer.write(HEAD + chunk(event(START)))
            await writer.drain()
            clock = asyncio.get_running_loop().time
            began = clock()
            for number in range(asked["events"]):
                if asked["a_second"]:
                    await asyncio.sleep(max(0.0, began + number / asked["a_second"] - clock()))
                writer.write(chunk(DELTA))
                await writer.drain()
            writer.write(chunk(event(STOP)) + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve until somebody ends this process."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
