"""Taking a secret out of what comes in pieces, of which two may hold a half of it each."""

from __future__ import annotations


class Hiding:
    """Puts stars in the place of a secret.

    Args:
        secret: what nobody is to see; empty for nothing.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._kept = b""

    def whole(self, data: bytes) -> bytes:
        """Hide it in something that is not followed by more."""
        secret = self._secret
        return data.replace(secret, b"*" * len(secret)) if secret and secret in data else data

    def piece(self, data: bytes) -> bytes:
        """Hide it in the next piece; an end that may be its beginning is kept for the piece after."""
        data = self.whole(self._kept + data)
        kept = self._beginning_at_the_end(data)
        self._kept = data[len(data) - kept :]
        return data[: len(data) - kept]

    def rest(self) -> bytes:
        """Give what was kept and turned out to be no secret, after the last piece."""
        rest, self._kept = self._kept, b""
        return rest

    def _beginning_at_the_end(self, data: bytes) -> int:
        """Count the bytes at the end that are the first ones of the secret."""
        secret = self._secret
        at = data.find(secret[:1], max(0, len(data) - len(secret) + 1)) if secret else -1
        while at >= 0:
            if secret.startswith(data[at:]):
                return len(data) - at
            at = data.find(secret[:1], at + 1)
        return 0
