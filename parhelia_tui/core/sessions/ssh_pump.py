"""The short way of bytes between two descriptors and an ssh connection, while nothing but data comes.

asyncssh opens the connection, proves both ends, and keeps it: keys, keepalives, requests and the end are its own. But
a key that it carries costs a wake of its event loop twice, a message to be ignored and a dozen calls, which is more
than the way to the server and back. So as long as there is traffic the bytes go by here, with the keys and the
counters that it would use (AES-GCM, RFC 5647; messages of RFC 4254), and whatever is no data is given back to it whole.
"""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

TURN_S = 1.0
"""Seconds after which the event loop has its turn, for keepalives and new keys."""
BUFFER = 1 << 18
KEYS_MOST = 1 << 15
_TAG = 16
_BLOCK = 16
_LEAST_PADDING = 4
_WINDOW_ADJUST, _DATA, _ERRORS = 93, 94, 95
_TAIL = 400
_HEAD = struct.Struct(">I")
_NUMBERS = struct.Struct(">II")
_ON_ERRORS = struct.Struct(">III")


class Left(Enum):
    """Why the short way was left."""

    TURN = "its time was over, and something came"
    QUIET = "nothing came"
    OTHER = "something else than data came"
    OVER = "the connection has ended"
    KEYS = "the keys have ended"
    BELL = "somebody rang"


class Pump:
    """Moves data while a connection has nothing else to do.

    Args:
        connection, channel: asyncssh's; its event loop stands still meanwhile.
        keys: descriptor of what goes there; None once it has ended.
        bell: a descriptor that is left unread, and for which the short way is left.
        take: called with pieces that came, and whether they are errors.
    """

    def __init__(
        self,
        connection: Any,
        channel: Any,
        keys: int | None,
        bell: int,
        take: Callable[[list[memoryview], bool], None],
    ) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._connection = connection
        self._channel = channel
        self._keys = keys
        self._bell = bell
        self._take = take
        self._sending, self._receiving = (
            each._cipher for each in (connection._send_encryption, connection._recv_encryption)
        )
        self._encrypt = AESGCM(self._sending._key).encrypt
        self._decrypt = AESGCM(self._receiving._key).decrypt
        self._send_iv, self._receive_iv = _Counter(self._sending._iv), _Counter(self._receiving._iv)
        self._sent = self._received = 0
        self._window = channel._send_window
        self._room = channel._recv_window
        self._there = _HEAD.pack(channel._send_chan)
        self._out = b""
        self._socket = connection._transport.get_extra_info("socket").fileno()
        self._data = bytearray(BUFFER)
        self._view = memoryview(self._data)
        self._filled = 0

    def run(self) -> Left:
        """Move data until there is something else to do; then all of it is asyncssh's again."""
        self._borrow()
        try:
            return self._run()
        finally:
            self._give_back()

    def _borrow(self) -> None:
        connection = self._connection
        connection._transport.pause_reading()
        begun = connection._inpbuf
        if connection._recv_handler == connection._recv_packet:
            # It has taken the head of a message already, which AES-GCM leaves in clear.
            begun = connection._packet + begun
            connection._packet, connection._recv_handler = b"", connection._recv_pkthdr
        connection._inpbuf = b""
        self._filled = len(begun)
        self._data[: self._filled] = begun

    def _give_back(self) -> None:
        connection, channel = self._connection, self._channel
        self._sending._iv, self._receiving._iv = self._send_iv.value, self._receive_iv.value
        connection._send_seq = (connection._send_seq + self._sent) & 0xFFFFFFFF
        connection._recv_seq = (connection._recv_seq + self._received) & 0xFFFFFFFF
        channel._send_window, channel._recv_window = self._window, self._room
        transport = connection._transport
        if self._out:
            transport.write(self._out)
        transport.resume_reading()
        if self._filled:
            connection.data_received(bytes(self._view[: self._filled]))

    def _run(self) -> Left:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        end = time.monotonic() + TURN_S
        came = False
        left = self._unpack() if self._filled else None
        listening = False
        while left is None:
            takes_keys = self._keys is not None and self._window > 0 and not self._out
            if self._keys is not None and takes_keys != listening:
                listening = takes_keys
                if listening:
                    poll.register(self._keys, select.POLLIN)
                else:
                    poll.unregister(self._keys)
                poll.modify(self._socket, select.POLLIN | (select.POLLOUT if self._out else 0))
            rest_s = end - time.monotonic()
            if rest_s <= 0:
                return Left.TURN if came else Left.QUIET
            for descriptor, events in poll.poll(rest_s * 1000):
                if descriptor == self._bell:
                    left = Left.BELL
                elif descriptor == self._keys:
                    left = self._send_keys() or left
                elif events & ~select.POLLOUT:
                    came = True
                    left = self._receive() or left
            if self._out:
                self._flush()
        return left

    def _send_keys(self) -> Left | None:
        assert self._keys is not None
        try:
            data = os.read(self._keys, min(KEYS_MOST, self._window, self._channel._send_pktsize))
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            return Left.KEYS
        self._window -= len(data)
        self._send(b"%c%b%b%b" % (_DATA, self._there, _HEAD.pack(len(data)), data))
        return None

    def _send(self, message: bytes) -> None:
        padding = -(len(message) + 1) % _BLOCK
        if padding < _LEAST_PADDING:
            padding += _BLOCK
        packet = b"%c%b%b" % (padding, message, os.urandom(padding))
        head = _HEAD.pack(len(packet))
        self._out += head + self._encrypt(self._send_iv.next(), packet, head)
        self._sent += 1
        self._connection._rekey_bytes_sent += len(packet)

    def _flush(self) -> None:
        try:
            self._out = self._out[os.write(self._socket, self._out) :]
        except BlockingIOError:
            pass
        except OSError:
            # What reads the connection tells of its end.
            self._out = b""

    def _receive(self) -> Left | None:
        try:
            count = os.readv(self._socket, [self._view[self._filled :]])
        except BlockingIOError:
            return None
        except OSError:
            return Left.OVER
        if not count:
            return Left.OVER
        self._filled += count
        return self._unpack()

    def _unpack(self) -> Left | None:
        """Take each whole message of data; what is left begins with one that is not, or not whole."""
        view, filled, at = self._view, self._filled, 0
        data: list[memoryview] = []
        errors: list[memoryview] = []
        left = None
        mine = self._channel._recv_chan
        most = self._connection._max_recv_pktlen
        while filled - at > 4:
            (length,) = _HEAD.unpack_from(view, at)
            end = at + 4 + length + _TAG
            if length > most:
                left = Left.OTHER
                break
            if end > filled:
                break
            try:
                message = self._decrypt(self._receive_iv.value, view[at + 4 : end], view[at : at + 4])
            except Exception:
                # It is not what it should be; asyncssh finds the same, and knows the words for it.
                left = Left.OTHER
                break
            kind = message[1]
            if kind == _DATA and (sizes := _NUMBERS.unpack_from(message, 2))[0] == mine:
                size = sizes[1]
                data.append(memoryview(message)[10 : 10 + size])
            elif kind == _ERRORS and (found := _ON_ERRORS.unpack_from(message, 2))[:2] == (mine, 1):
                size = found[2]
                errors.append(memoryview(message)[14 : 14 + size])
            elif kind == _WINDOW_ADJUST and (sizes := _NUMBERS.unpack_from(message, 2))[0] == mine:
                size = 0
                self._window += sizes[1]
            else:
                left = Left.OTHER
                break
            if size > self._room:
                left = Left.OTHER
                break
            self._room -= size
            self._receive_iv.next()
            self._received += 1
            at = end
        if data:
            self._take(data, False)
        if errors:
            self._take(errors, True)
        self._filled = filled - at
        if at and self._filled:
            self._data[: self._filled] = view[at:filled].tobytes()
        self._widen()
        return left

    def _widen(self) -> None:
        whole = self._channel._init_recv_window
        if self._room < whole // 2:
            self._send(b"%c%b%b" % (_WINDOW_ADJUST, self._there, _HEAD.pack(whole - self._room)))
            self._room = whole
            self._flush()


class _Counter:
    """A nonce of AES-GCM in ssh: four fixed bytes, and a number that grows with each message (RFC 5647, 7.1)."""

    def __init__(self, value: bytes) -> None:
        self.value = value
        self._fixed = value[:4]
        self._number = int.from_bytes(value[4:], "big")

    def next(self) -> bytes:
        """Give the present one, and go on to the next."""
        now = self.value
        self._number = (self._number + 1) & 0xFFFFFFFFFFFFFFFF
        self.value = self._fixed + self._number.to_bytes(8, "big")
        return now


def fits(connection: Any, channel: Any) -> bool:
    """Say whether a connection has nothing to do but to carry data of this channel, in a form that we know."""
    ciphers = (connection._send_encryption, connection._recv_encryption)
    transport = connection._transport
    return bool(
        transport is not None
        and not transport.is_closing()
        and transport.get_write_buffer_size() == 0
        and all(type(each).__name__ == "GCMEncryption" for each in ciphers)
        and connection._compressor is None
        and connection._decompressor is None
        and connection._auth_complete
        and connection._kex_complete
        and connection._kex is None
        and not connection._deferred_packets
        and connection._recv_handler in (connection._recv_pkthdr, connection._recv_packet)
        and connection._rekey_bytes_sent < connection._rekey_bytes
        and not (connection._rekey_seconds and time.monotonic() >= connection._rekey_time)
        and channel._send_chan is not None
        and channel._send_state in ("open", "eof")
        and channel._recv_state == "open"
        and channel._recv_paused is False
        and not channel._send_buf
        and not channel._recv_buf
    )


def last_of(tail: bytes, pieces: list[memoryview]) -> bytes:
    """Give the last bytes of what came so far."""
    for piece in pieces[-_TAIL:]:
        tail = (tail + bytes(piece[-_TAIL:]))[-_TAIL:]
    return tail
