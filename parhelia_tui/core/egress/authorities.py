"""Whose certificates count: those of this machine's authorities, and of a company's own where it has some."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    import ssl

LARGEST = 4 << 20
CHECK_S = 5.0
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def certificates(path: str) -> str:
    """Read the certificates of a PEM file, and nothing else that stands in it; it is shown in containers.

    Raises:
        ParheliaError: E700: it cannot be read, or holds none.
    """
    place = Path(path).expanduser()
    try:
        with place.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise _unusable(path, f"it cannot be read: {error.strerror}") from error
    found = _CERTIFICATE.findall(text) if len(text) <= LARGEST else []
    if not found:
        raise _unusable(path, "there is no certificate in it (PEM)")
    return "".join(f"{each.decode('ascii')}\n" for each in found)


def trusted(ca_file: str) -> ssl.SSLContext:
    """Make what a connection is checked by.

    Args:
        ca_file: authorities beside this machine's own; empty for none.

    Raises:
        ParheliaError: E700 for a file that cannot be used.
    """
    # Imported here: 10 ms, and the certificates of this machine.
    import ssl

    context = ssl.create_default_context()
    if ca_file:
        text = certificates(ca_file)
        try:
            context.load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError) as error:
            raise _unusable(ca_file, "a certificate in it is broken") from error
    return context


async def check(url: str, ca_file: str) -> str:
    """Say whether the API's certificate is accepted.

    Raises:
        ParheliaError: E700 for a file that cannot be used, E502 for a certificate that is not accepted.
    """
    context = trusted(ca_file)
    number = certificates(ca_file).count("-----BEGIN ")
    about = f"{number} of {os.path.expanduser(ca_file)} beside this machine's"
    parts = urlsplit(url)
    if parts.scheme != "https":
        return about
    host = parts.hostname or ""
    try:
        async with asyncio.timeout(CHECK_S):
            _, writer = await asyncio.open_connection(host, parts.port or 443, ssl=context)
    except (OSError, TimeoutError) as error:
        refused = getattr(error, "verify_message", "")
        if not refused:
            return f"{about}; {host} could not be asked"
        raise ParheliaError("E502", f"the certificate of {host} is not accepted: {refused}") from error
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return f"{about}; {host} is accepted"


def _unusable(path: str, why: str) -> ParheliaError:
    return ParheliaError(
        "E700", f"network.ca_file, {path}: {why}", recovery=("parhelia config show network",)
    )
