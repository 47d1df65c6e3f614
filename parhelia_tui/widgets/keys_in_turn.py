"""Keys that come together are carried out in the order in which they were pressed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import events
from textual._callback import invoke
from textual.actions import parse
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    # The editor of long texts would cost the first frame a twentieth of its time.
    from textual.widgets import Input, TextArea

TURNS = 100
"""Turns of the loop in which a widget gets to what came to it before a key; one is enough as a rule."""


async def handled_at(place: MessagePump, event: events.Key | events.Paste) -> bool:
    """Have a widget handle a key or a paste now, and say whether it was for that widget.

    Textual puts a letter into a field as soon as the field gets to it, but does what a key is bound to only when the
    key has gone up through every widget to the app: a letter behind a Backspace was there before the Backspace.

    Args:
        place: what has the focus, or the screen where nothing has.
        event: no other that comes behind it may have been handed on before this returns.
    """
    # That it got the focus comes first: a field selects then all that stands in it, and the next letter would replace
    # what was typed by then.
    for _ in range(TURNS):
        if place._pending_message is None and not place.message_queue_size:
            break
        await asyncio.sleep(0)
    with place._context():
        for _, method in place._get_dispatch_methods(event.handler_name, event):
            await invoke(method, event)
    # What one place does not do by itself says nothing about the next.
    event._no_default_action = False
    return event._stop_propagation


def is_bound(field: Input | TextArea, key: str) -> bool:
    """Say whether a field by itself does something with a key that is no letter."""
    return key in field._bindings.key_to_bindings


def edit(field: Input | TextArea, key: str) -> None:
    """Do in a field what a key is bound to there, though the field has no focus yet."""
    for binding in field._bindings.key_to_bindings.get(key, ())[:1]:
        _, name, arguments = parse(binding.action)
        getattr(field, f"action_{name}")(*arguments)
