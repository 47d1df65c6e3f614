"""What the provider's errors mean: to be tried again, or to be told to a person."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

TRIES = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.4, 15.0

_TRANSIENT = frozenset(
    {
        "ConnectionError",
        "InternalError",
        "InternalFailure",
        "ResourceExhaustedError",
        "ServiceError",
        "TimeoutError",
        "RetryTimeoutError",
        "DeadlineExceededError",
    }
)
_WORDS = {
    "AuthError": ("the account is not accepted", ("modal token new", "parhelia modal setup")),
    "PermissionDeniedError": ("the account may not do this", ("parhelia modal setup",)),
    "NotFoundError": ("it is not there", ("parhelia modal setup", "parhelia container list")),
    "InvalidError": ("it was asked for something that it does not give", ("parhelia task create --help",)),
    "ResourceExhaustedError": (
        "a limit of the account is reached",
        ("parhelia container list", "parhelia doctor"),
    ),
}

T = TypeVar("T")


class TooMuch(ParheliaError):
    """What a sandbox holds is more than may come here.

    Args:
        most: bytes that may.
    """

    def __init__(self, most: int) -> None:
        super().__init__(
            "E507",
            f"what comes home is more than modal.results_mb ({most >> 20} MB)",
            recovery=("parhelia config show modal.results_mb", "parhelia config path"),
        )


def names_of(error: BaseException) -> list[str]:
    """The names of an error's classes. The SDK's are compared by name, so that it need not be imported."""
    return [each.__name__ for each in type(error).__mro__]


def is_transient(error: BaseException) -> bool:
    """Say whether the same may work a moment later."""
    return isinstance(error, OSError | asyncio.TimeoutError) or any(
        name in _TRANSIENT for name in names_of(error)
    )


def may_pass(error: BaseException | None) -> bool:
    """Say whether the same may work when a provider answers again; a call that was cut off is not repeated before."""
    return error is not None and (is_transient(error) or "StreamTerminatedError" in names_of(error))


def is_refused(error: BaseException) -> bool:
    """Say whether it was not begun because it is too much for now, so that it may be asked for again whatever it is."""
    return "ResourceExhaustedError" in names_of(error)


def is_absent(error: BaseException) -> bool:
    """Say whether the provider says that there is no such thing."""
    return "NotFoundError" in names_of(error)


def told(error: BaseException, what: str) -> ParheliaError:
    """Put an error of the provider into words.

    Args:
        what: what was being done, as in "the sandbox could not be made".
    """
    if isinstance(error, ParheliaError):
        return error
    # Where the account is not accepted, what to type is at the end of it.
    said = one_line(str(error), 400) or type(error).__name__
    for name in names_of(error):
        if name in _WORDS:
            why, recovery = _WORDS[name]
            return ParheliaError("E503", f"{what}: Modal says that {why}: {said}", recovery=recovery)
    return ParheliaError("E503", f"{what}: Modal says: {said}")


@asynccontextmanager
async def within(seconds: float | None, what: str) -> AsyncIterator[None]:
    """Bound something that may get no answer.

    Args:
        seconds: None for as long as it takes.
        what: what has not happened then, as in "the sandbox has not answered".

    Raises:
        ParheliaError: E503 when the time is over.
    """
    try:
        async with asyncio.timeout(seconds) as bound:
            yield
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise ParheliaError("E503", f"{what} within {seconds:g} s") from error


async def patiently(
    act: Callable[[], Awaitable[T]],
    what: str,
    *,
    tries: int = TRIES,
    first_s: float = FIRST_PAUSE_S,
    again: Callable[[BaseException], bool] = is_transient,
) -> T:
    """Do something at the provider, again after a pause that grows and jitters where that may help.

    Args:
        again: says after which errors.

    Raises:
        ParheliaError: E503 for what lasts; what `act` raises where the provider says that there is no such thing.
    """
    for number in range(tries):
        try:
            return await act()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if is_absent(error) or "AlreadyExistsError" in names_of(error):
                raise
            if not again(error) or number + 1 == tries:
                raise told(error, what) from error
        # Full jitter: a hundred that failed together must not come back together.
        await asyncio.sleep(random.uniform(0.2, 1.0) * min(LONGEST_PAUSE_S, first_s * 2**number))
    raise AssertionError("unreachable")
