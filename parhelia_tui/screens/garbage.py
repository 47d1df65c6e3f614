"""Looking for garbage where no key waits for it, and in little at a time.

Python looks for it in the midst of whatever makes one object too many, which is most often a paint, and in four times
as much each fifth time: 1 ms, then 4 to 7. What no cycle holds goes without a search.
"""

from __future__ import annotations

import gc

AT = 5_000, 0, 3_000
"""New objects between two searches that nobody asked for (gc.set_threshold); what is left of them is searched each
second time, and all at the earliest after so many of those: of a hundred thousand objects at once a key waits 24 to
37 ms (docs/decisions/0006)."""

MANY = 1_000
"""New objects for which it is worth to look: an idle fleet is drawn ten times a second and makes few."""


def look_again() -> None:
    """Begin to look, once the first frame is there; what is there now stays."""
    gc.freeze()
    gc.set_threshold(*AT)
    gc.enable()


def look_at_young() -> None:
    """Look among what was made since the last search; to be called whenever much was made.

    What outlives it is left to a search of all, so that the next has no more to look at.
    """
    if gc.get_count()[0] >= MANY:
        gc.collect(1)
