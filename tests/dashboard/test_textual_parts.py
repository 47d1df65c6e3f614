"""Parts of Textual that it does not promise and the dashboard uses: an update that takes one away is told here first."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable

import pytest
from textual import events
from textual._callback import invoke
from textual._compositor import ChopsUpdate, Compositor
from textual._context import visible_screen_stack
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

ATTRIBUTES = (
    (App, "_exit", "_next_callbacks", "_flush_next_callbacks", "_check_bindings", "_post_message"),
    (App, "_handle_exception", "_background_screens", "_batch_count", "_prune"),
    (MessagePump, "_pending_message", "_context", "_get_dispatch_methods", "_parent", "message_queue_size"),
    (Screen, "_compositor", "_update_timer", "_on_timer_update", "_on_screen_resume", "_refresh_layout"),
    (Screen, "_compositor_refresh", "_dirty_widgets", "_layout_required", "_scroll_required"),
    (Widget, "_bindings", "_repaint_required", "_pruning"),
    (events.Key, "_no_default_action", "_stop_propagation", "_set_forwarded", "is_forwarded"),
    (events.Paste, "_no_default_action", "_stop_propagation", "_set_forwarded", "is_forwarded"),
    (Compositor, "_dirty_regions", "render_strips"),
)


def made(kind: type) -> object:
    makers: dict[type, Callable[[], object]] = {
        App: App,
        MessagePump: MessagePump,
        Screen: Screen,
        Widget: Widget,
        Compositor: Compositor,
        events.Key: lambda: events.Key("a", "a"),
        events.Paste: lambda: events.Paste("a"),
    }
    return makers[kind]()


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, *names in ATTRIBUTES for name in names], ids=str
)
async def test_it_is_there(kind: type, name: str) -> None:
    has = hasattr(kind, name) or hasattr(made(kind), name)
    assert has, f"Textual has no {kind.__name__}.{name} any more: look where the dashboard uses it"


def test_they_take_what_is_given_to_them() -> None:
    where = "look at widgets/keys_in_turn.py and app.py"
    assert list(inspect.signature(MessagePump._get_dispatch_methods).parameters) == [
        "self", "method_name", "message",
    ], f"Textual finds the handlers of a message in another way: {where}"  # fmt: skip
    assert "priority" in inspect.signature(App._check_bindings).parameters, (
        f"Keys are bound otherwise: {where}"
    )
    assert inspect.iscoroutinefunction(App._flush_next_callbacks), f"Callbacks are run otherwise: {where}"
    assert inspect.iscoroutinefunction(invoke), f"Handlers are called otherwise: {where}"
    assert inspect.isclass(ChopsUpdate)
    assert visible_screen_stack.name


def test_events_tell_when_they_came_by_the_clock_that_keys_are_forgotten_by() -> None:
    before = time.monotonic()
    assert before <= events.Key("a", "a").time <= time.monotonic()
