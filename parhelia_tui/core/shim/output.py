"""What the main terminal prints: a bounded log, the newest bytes for who joins, the last lines."""

from __future__ import annotations

import errno

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.text import last_lines

LOG = "output.log"
OLDER = f"{LOG}.1"
TURN = f"{LOG}.turn"
"""A link that leads nowhere and says by its text how often the log was turned over, and the number of the file (its
inode) that it is since then. It changes in one step, takes no place on most disks, and comes just before the turn."""
LOG_BYTES = 16 * 1024 * 1024
RECENT_BYTES = 64 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Output:
    """Takes every byte that the terminal prints, in bounded memory and on a bounded disk.

    What finds no place in the log is left out, since neither the agent nor its viewers wait for a disk; how much that
    was stands in the log at this place, once there is room again.

    Args:
        directory: the run directory.
        log_bytes: how large the log grows before it becomes the older one.

    Attributes:
        total: bytes that were printed.
        lost: those of them that the log has not.
    """

    def __init__(self, directory: str, log_bytes: int = LOG_BYTES) -> None:
        self._directory = directory
        self._path = system.join(directory, LOG)
        self._log_bytes = log_bytes
        self._log = self._open(self._path)
        self._logged = self._turns = 0
        self._recent = bytearray()
        self.total = 0
        self.lost = 0
        self._untold = 0
        self._telling = b""
        self._why = "the disk was full"
        self._line_begun = False

    def take(self, data: bytes) -> None:
        """Keep what was printed."""
        self.total += len(data)
        # Trimmed only when it has doubled, so that each byte is moved about once.
        self._recent += data
        if len(self._recent) > 2 * RECENT_BYTES:
            del self._recent[:-RECENT_BYTES]
        if self._logged + len(data) > self._log_bytes:
            self._turn_over()
        self.tell_lost()
        written = 0 if self._untold or self._telling else self._write(data)
        self.lost += len(data) - written
        self._untold += len(data) - written

    def tell_lost(self) -> None:
        """Say in the log how much was left out just before, as far as there is room to say it."""
        while self._telling or self._untold:
            said = self._telling or self._notice()
            written = self._write(said)
            if not written:
                return
            if not self._telling:
                self._untold = 0
            # The log is only ever added to: a sentence that was cut off goes on where it was.
            self._telling = said[written:]

    def recent(self) -> bytes:
        """The newest bytes, from the start of a line if there is one among them."""
        recent = bytes(self._recent[-RECENT_BYTES:])
        if self.total <= len(recent):
            return recent
        return recent[recent.find(b"\n") + 1 :]

    def tail(self) -> list[str]:
        """The last lines without control sequences."""
        return last_lines(self.recent())

    def shrink(self) -> None:
        """Give the older log's place on the disk away; for an exit record that finds none."""
        try:
            system.unlink(system.join(self._directory, OLDER))
        except OSError:
            return

    def _notice(self) -> bytes:
        # Where a line was cut off, it has a line of its own.
        begin = "\r\n" if self._line_begun else ""
        return f"{begin}[parhelia: {self._untold} bytes of output were not kept: {self._why}]\r\n".encode()

    def _write(self, data: bytes) -> int:
        """Append to the log and give how many bytes found a place; why the others did not is kept in mind."""
        done = 0
        try:
            while done < len(data):
                written = system.write(self._log, data[done:])
                if not written:
                    break
                done += written
        except OSError as error:
            self._why = "the disk was full" if error.errno in _FULL else error.strerror or "it was refused"
        self._logged += done
        if done:
            self._line_begun = data[done - 1 : done] != b"\n"
        return done

    def _open(self, path: str) -> int:
        flags = system.O_WRONLY | system.O_CREAT | system.O_APPEND | system.O_CLOEXEC
        return system.open(path, flags, 0o600)

    def _turn_over(self) -> None:
        place = self._path + ".new"
        new = -1
        try:
            new = self._open(place)
            self._mark(system.fstat(new).st_ino)
            system.rename(self._path, system.join(self._directory, OLDER))
            system.rename(place, self._path)
        except OSError:
            # The log goes on where it was; a disk that refuses a name now may give one later.
            if new >= 0:
                system.close(new)
            return
        system.close(self._log)
        self._log = new
        self._logged = 0
        self._turns += 1

    def _mark(self, inode: int) -> None:
        """Say that the log is about to be turned over, and into which file."""
        mark = system.join(self._directory, TURN)
        try:
            system.unlink(mark + ".new")
        except FileNotFoundError:
            pass
        system.symlink(f"{self._turns + 1} {inode}", mark + ".new")
        system.rename(mark + ".new", mark)
