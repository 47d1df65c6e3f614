"""The provider's key: found on this side alone, kept in memory, put into requests as they leave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from pathlib import Path

from parhelia_tui.core.egress.settings import Settings
from parhelia_tui.core.egress.wire import Headers
from parhelia_tui.core.model.account_token import OF_ACCOUNT

COMMAND_S = 30.0
WAIT_S = 10.0
"""How long a request waits for a key that the supervisor is to hand over."""
LONGEST = 16384


class NoKey(Exception):
    """There is no key, with the reason in words."""


class Key:
    """Finds the key once, and again after the provider has refused it.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found = ""
        self._handed = asyncio.Event()
        self._given = self._why = ""
        self._waited = False
        self._looking = asyncio.Lock()

    def hand_over(self, value: str, why: str = "") -> None:
        """Take the value of the variable from the supervisor, or why there is none."""
        self._given, self._why = value.strip(), why
        self._found = ""
        self._handed.set()

    def forget(self) -> None:
        """Look for it anew; a file or a command may have another one by now."""
        self._found = ""

    async def value(self) -> str:
        """Give the key.

        Raises:
            NoKey: there is none.
        """
        async with self._looking:
            if not self._found:
                self._found = _checked(await self._find())
            return self._found

    async def is_of_subscription(self) -> bool:
        """Whether it is the token of an account, whose subscription pays; False where there is none."""
        try:
            return (await self.value()).startswith(OF_ACCOUNT)
        except NoKey:
            return False

    async def headers(self) -> Headers:
        """Give the header with which the provider is asked: a token of an account is a bearer, a key is not."""
        value = await self.value()
        if value.startswith(OF_ACCOUNT):
            return [(b"authorization", b"Bearer " + value.encode())]
        return [(b"x-api-key", value.encode())]

    async def _find(self) -> str:
        asked = self._settings
        if asked.key_file:
            return _from_file(Path(asked.key_file))
        if asked.key_command:
            return await _from_command(asked.key_command)
        if not self._waited:
            # Once: each request asks more than one time.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._handed.wait(), WAIT_S)
            self._waited = True
        if not self._given:
            raise NoKey(
                self._why
                or f"the variable {asked.key_env} was not set where Parhelia was started; set it, or give"
                " [api] key_file or key_command, and start the task again"
            )
        return self._given


async def key_here(variable: str, file: str, command: tuple[str, ...]) -> str:
    """Find the key on this machine, by what a configuration says of it.

    Args:
        variable: of this process, where neither of the others is given.

    Raises:
        NoKey: there is none.
    """
    if file:
        return _checked(_from_file(Path(file)))
    if command:
        return _checked(await _from_command(command))
    if not os.environ.get(variable):
        raise NoKey(f"the variable {variable} is not set here")
    return _checked(os.environ[variable].strip())


def _checked(value: str) -> str:
    if not value or len(value) > LONGEST or not value.isascii() or not value.isprintable() or " " in value:
        raise NoKey("what was found is no key: one line of visible ASCII characters")
    return value


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            seen = os.fstat(file.fileno())
            if seen.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(seen.st_mode) & 0o077:
                raise NoKey(f"{path} can be read by others; try chmod 600 {path}")
            return file.read(LONGEST + 1).decode("utf-8", "replace").strip()
    except OSError as error:
        raise NoKey(f"{path} cannot be read: {error.strerror}") from error


async def _from_command(command: tuple[str, ...]) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # What it complains of may hold what it should not say.
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise NoKey(f"{command[0]} cannot be run: {error.strerror}") from error
    try:
        said, _ = await asyncio.wait_for(process.communicate(), COMMAND_S)
    except TimeoutError as error:
        raise NoKey(f"{command[0]} gave no key within {COMMAND_S:g} s") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise NoKey(f"{command[0]} ended with {process.returncode}")
    return said.decode("utf-8", "replace").strip()
