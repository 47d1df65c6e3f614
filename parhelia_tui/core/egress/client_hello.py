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
    names: list[bytes] = []
    try:
        if record[0] != _CLIENT_HELLO:
            raise NoHello("it does not begin with a greeting")
        if 4 + int.from_bytes(record[1:4], "big") > len(record):
            # What comes in the next record, the other side reads, and we do not.
            raise NoHello("its greeting comes in pieces")
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
                names.append(_only_name(record[place + 4 : place + 4 + size], size))
            place += 4 + size
        if len(names) > 1:
            raise NoHello("it greets several hosts")
        if names:
            return names[0].decode("ascii").lower()
    except (IndexError, UnicodeDecodeError) as error:
        raise NoHello("its greeting cannot be read") from error
    raise NoHello("it does not say whom it greets")


def _only_name(body: bytes, size: int) -> bytes:
    """The one name of a list of names: of a name that goes on in the next record, the other side reads more than we.

    Raises:
        NoHello: it is not whole, or there are several.
    """
    length = int.from_bytes(body[3:5], "big")
    if len(body) != size or size != 5 + length or int.from_bytes(body[:2], "big") != 3 + length:
        raise NoHello("whom it greets cannot be read")
    if body[2] != 0 or not length:
        raise NoHello("it does not say whom it greets")
    return body[5:]
