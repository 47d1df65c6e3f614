"""What is said of spare sandboxes: they cost though no task has them."""

from __future__ import annotations

from parhelia_tui.cli.tables import age, details, money
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.model.display import limits_in_words
from parhelia_tui.core.model.spares import Spare

HOUR_S = 3600.0


def line(each: Spare) -> str:
    """Say of a spare what it is and costs, for a list."""
    costs = _costs(each)
    return (
        f"{each.id} is a spare sandbox at {each.backend} ({each.state} for {age(each.asked_at)}"
        f"{', ' + costs if costs else ''}): kept ready for the next task like {each.like}, as modal.spares says"
    )


def page(each: Spare, elsewhere: str) -> str:
    """Say all of a spare.

    Args:
        elsewhere: the id that its provider has for it; empty where that is not known.
    """
    return details(
        [
            (each.id, str(each.state)),
            ("is", f"a spare sandbox at {each.backend}: kept ready for the next task, as modal.spares says"),
            ("why", each.reason),
            ("made like", each.like),
            ("its id there", elsewhere),
            ("agent", each.agent),
            ("network", each.network),
            ("limits", limits_in_words(each.limits)),
            ("costs", _costs(each)),
            ("asked for", f"{age(each.asked_at)} ago"),
        ]
    )


def _costs(each: Spare) -> str:
    second = second_of(each.backend, each.limits)
    return f"{money(second * HOUR_S)} an hour" if second else ""
