"""Writing into the workspace: only what is new or our own, never through a link, never over somebody's work."""

from __future__ import annotations

import os

TRIES = 1000


class NotOurs(Exception):
    """A file is not as it was left: somebody else changed it, so it is theirs now."""


class Folder:
    """A folder that was made by this program, in this run or in an earlier one of the same talk.

    Args:
        workspace: where.
        wish: its name; with a number behind it where there is one already.
        known: its name, where an earlier run made it.

    Raises:
        OSError: the workspace cannot be written.
    """

    def __init__(self, workspace: str, wish: str, known: str | None = None) -> None:
        self.name = known or self._make(workspace, wish)
        self.path = os.path.join(workspace, self.name)
        self._texts: dict[str, str] = {}

    def write(self, name: str, text: str) -> None:
        """Write a file that is not there yet; one that cannot be written whole is taken back.

        One that holds this text already was written by an earlier run that did not come to say so.

        Raises:
            NotOurs: somebody made one of this name meanwhile.
            OSError: it cannot be written.
        """
        path = os.path.join(self.path, name)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
        except FileExistsError:
            if not self._holds(path, text):
                raise NotOurs(name) from None
            self._texts[name] = text
            return
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
        except OSError:
            os.unlink(path)
            raise
        self._texts[name] = text

    def remove(self, name: str) -> None:
        """Remove a file that was written here.

        Raises:
            NotOurs: it is not there any more.
        """
        try:
            os.unlink(os.path.join(self.path, name))
        except FileNotFoundError:
            raise NotOurs(name) from None
        del self._texts[name]

    def recall(self, name: str, text: str) -> None:
        """Know what an earlier run wrote into a file."""
        self._texts[name] = text

    def recall_edit(self, name: str, old: str, new: str) -> None:
        """Know what an earlier run replaced in a file."""
        self._texts[name] = self._texts.get(name, "").replace(old, new, 1)

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace a piece of a file that was written here before.

        Returns:
            The number of the line where the piece begins, from 1.

        Raises:
            NotOurs: it is not as it was left.
            OSError: it cannot be written.
        """
        before = self._texts.get(name)
        if before is None:
            raise NotOurs(name)
        after = before.replace(old, new, 1)
        try:
            descriptor = os.open(os.path.join(self.path, name), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            # Gone, or a link now.
            raise NotOurs(name) from None
        with os.fdopen(descriptor, "r+b") as file:
            if file.read(len(before.encode()) + 1) != before.encode():
                raise NotOurs(name)
            file.seek(0)
            file.write(after.encode())
            file.truncate()
        self._texts[name] = after
        return before[: before.index(old)].count("\n") + 1

    @staticmethod
    def _holds(path: str, text: str) -> bool:
        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                return file.read(len(text.encode()) + 1) == text.encode()
        except OSError:
            return False

    @staticmethod
    def _make(workspace: str, wish: str) -> str:
        for number in range(1, TRIES):
            name = wish if number == 1 else f"{wish}_{number}"
            try:
                os.mkdir(os.path.join(workspace, name))
            except FileExistsError:
                continue
            return name
        raise FileExistsError(17, "there are too many folders of this name", wish)
