"""The name in the first message of a TLS connection (RFC 8446, 4.1.2; RFC 6066, 3)."""

from __future__ import annotations

LONGEST = 16384 + 5
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME = 0x16, 1, 0


class NoHello(ValueError):
    """What came is not the beginning of TLS, or names nobody."""


def is_whole(data: bytes) -> bool:
    """Say whether the first record is there as a whole.

    Raises:
        NoHello: it is none.
    """
    if data[:1] and data[0] != _HANDSHAKE:
        raise NoHello("that is not TLS")
    if len(data) < 5:
        return False
    size = int.from_bytes(data[3:5], "big")
    if data[1] != 3 or not 0 < size <= 16384:
        raise NoHello("that is not TLS")
    return len(data) >= 5 + size


def server_name(data: bytes) -> str:
    """Give the name of the host that a client greets.

    Args:
        data: at least one whole record.

    Raises:
        NoHello: it greets nobody by name.
    """
    record = data[5 : 5 + int.from_bytes(data[3:5], "big")]
    try:
        if record[0] != _CLIENT_HELLO:
            raise NoHello("it does not begin with a greeting")
        # Type and length, version, random; then session id, cipher suites, compression.
        place = 4 + 2 + 32
        place += 1 + record[place]
        place += 2 + int.from_bytes(record[place : place + 2], "big")
        place += 1 + record[place]
        end = place + 2 + int.from_bytes(record[place : place + 2], "big")
        place += 2
        while place + 4 <= min(end, len(record)):
            kind = int.from_bytes(record[place : place + 2], "big")
            size = int.from_bytes(record[place + 2 : place + 4], "big")
            if kind == _SERVER_NAME:
                body = record[place + 4 : place + 4 + size]
                name = body[5 : 5 + int.from_bytes(body[3:5], "big")]
                if body[2] == 0 and name:
                    return name.decode("ascii").lower()
            place += 4 + size
    except (IndexError, UnicodeDecodeError) as error:
        raise NoHello("its greeting cannot be read") from error
    raise NoHello("it does not say whom it greets")
