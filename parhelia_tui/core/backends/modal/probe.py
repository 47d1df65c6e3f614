"""What of Modal can be used here."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import Capability
from parhelia_tui.core.backends.modal.provider import Provider
from parhelia_tui.core.model.errors import ParheliaError

_LOGIN = "modal token new"
ANSWER_S = 15.0
_SILENT = f"Modal did not answer within {ANSWER_S:g} s"


def has_account() -> bool:
    """Say whether this user has a token, without importing the SDK (modal.config: environment, then ~/.modal.toml)."""
    if os.environ.get("MODAL_TOKEN_ID") and os.environ.get("MODAL_TOKEN_SECRET"):
        return True
    place = Path(os.environ.get("MODAL_CONFIG_PATH") or "~/.modal.toml").expanduser()
    try:
        profiles = tomllib.loads(place.read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return False
    return any(isinstance(each, dict) and each.get("token_id") for each in profiles.values())


def need_account() -> None:
    """Refuse to go on without an account. Raises E503."""
    if not has_account():
        raise ParheliaError(
            "E503", "no token of Modal is set for this user", recovery=(_LOGIN, "parhelia help modal")
        )


async def need_answer(provider: Provider) -> None:
    """Refuse to go on without an account, or where Modal does not answer: each call would try for a minute. Raises E503."""
    need_account()
    try:
        await asyncio.wait_for(provider.account.app(), ANSWER_S)
    except TimeoutError as error:
        raise ParheliaError("E503", _SILENT, recovery=("parhelia doctor", "parhelia help modal")) from error


async def probe(provider: Provider) -> Sequence[Capability]:
    """Try account and app; nothing is asked of the network without an account."""
    if importlib.util.find_spec("modal") is None:
        return [Capability("modal", False, "the package modal is not installed", "make setup")]
    if not has_account():
        return [Capability("modal account", False, "no token of Modal is set for this user", _LOGIN)]
    try:
        app = await asyncio.wait_for(provider.account.app(), ANSWER_S)
    except TimeoutError:
        return [Capability("modal account", False, _SILENT, word="no answer")]
    except ParheliaError as error:
        return [
            Capability(
                "modal account",
                False,
                error.message,
                error.recovery[0] if error.recovery else _LOGIN,
                word="fails",
            )
        ]
    return [Capability("modal account", True, f"app {app.app_id}")]
