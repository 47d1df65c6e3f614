"""The client: every question and every wish of a front goes through here.

A client belongs to one thread. It opens the store when it is first needed, and it never acts on a container
by itself: it writes what is wanted and wakes the controller.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from parhelia_tui.core.client.configuring import Configuring
from parhelia_tui.core.client.controlling import Controlling
from parhelia_tui.core.client.housing import Housing
from parhelia_tui.core.client.remembering import Remembering
from parhelia_tui.core.client.results import Reporting
from parhelia_tui.core.client.store_file import StoreFile
from parhelia_tui.core.client.terminals import Terminals
from parhelia_tui.core.client.trashing import Trashing

if TYPE_CHECKING:
    from parhelia_tui.core.client.approvals import Approvals
    from parhelia_tui.core.client.branching import Branches
    from parhelia_tui.core.client.budgets import Budgets
    from parhelia_tui.core.client.changes import TaskChanges
    from parhelia_tui.core.client.checkpoints import Checkpoints
    from parhelia_tui.core.client.images import Images
    from parhelia_tui.core.client.merging import Merges
    from parhelia_tui.core.client.replies import Replies


class Client(Trashing, Housing, Terminals, Reporting, Controlling, StoreFile, Configuring, Remembering):
    """The one door to a state directory."""

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """What there is to ask and to wish of checkpoints."""
        from parhelia_tui.core.client.checkpoints import Checkpoints

        return Checkpoints(self.paths, self.owner, lambda: self._db, self._clock, self.wake, self._intent)

    @cached_property
    def changes(self) -> TaskChanges:
        """What tasks have changed in their workspaces."""
        from parhelia_tui.core.client.changes import TaskChanges

        return TaskChanges(self.paths, lambda: self._db, self.checkpoints)

    @cached_property
    def branches(self) -> Branches:
        """What tasks made, as branches of the user's repositories."""
        from parhelia_tui.core.client.branching import Branches

        return Branches(self.paths, lambda: self._db, self._clock, self._tell, self.owner.user_id)

    @cached_property
    def merges(self) -> Merges:
        """What tasks made, merged into the user's branches."""
        from parhelia_tui.core.client.merging import Merges

        return Merges(self, self.paths, self._tell_of)

    @cached_property
    def approvals(self) -> Approvals:
        """What there is to ask and to wish of what agents wait for."""
        from parhelia_tui.core.client.approvals import Approvals

        return Approvals(self.owner, lambda: self._db, self._clock, self.wake, self.task_of)

    @cached_property
    def replies(self) -> Replies:
        """What is told to agents without going to their terminals."""
        from parhelia_tui.core.client.replies import Replies

        return Replies(self.owner, lambda: self._db, self._clock, self.wake)

    @cached_property
    def images(self) -> Images:
        """What there is to ask and to wish of images."""
        from parhelia_tui.core.client.images import Images

        return Images(self.paths, self._intent)

    @cached_property
    def budgets(self) -> Budgets:
        """What there is to ask and to wish of money."""
        from parhelia_tui.core.client.budgets import Budgets

        return Budgets(self.paths, self.owner, lambda: self._db, self._clock, self.task_of)

    def _tell_of(self, task_id: str, type: str, message: str, level: str, data: dict[str, object]) -> None:
        """Append one event of a task to the history, with who asked for it."""
        from parhelia_tui.core.store.connection import writing

        with writing(self._db) as tx:
            about = {"by": self.owner.user_id, **data}
            self._tell(tx, type, message, task_id=task_id, level=level, data=about)
