"""A pane of tmux that the supervisor starts itself, where it is not the pane's process.

A small program stands in the pane for as long as the supervisor lives, and tells it when the pane has another size.
The pane's terminal is read and written by the supervisor, as if it stood there.
"""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.child import HANDLED
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.loop import READ, Loop
from parhelia_tui.core.shim.text import last_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The words are our pid and the numbers of two pipes of ours. Of the first nobody but us has the end that writes, so it
# ends with us, however we end; by the second the program says who it is, and then of each new size. `read` returns for
# a signal as well, but in bash, which goes on reading for just this one; `wait` returns everywhere, and takes a process.
STANDING = """\
trap 'again=1; echo >&4' WINCH
exec 3<"/proc/$1/fd/$2" 4>"/proc/$1/fd/$3" || exit
echo "$$" >&4
if [ "$BASH_VERSION" ]; then
    cat <&3 >/dev/null &
    while again=; wait "$!"; [ "$again" ]; do :; done
else
    while again=; read -r nothing <&3; [ "$again" ]; do :; done
fi
"""
TRIES, AGAIN_S = 5, 0.1
"""A server that ends at the same moment, because of another start of the same container, refuses a session."""
DEADLINE_S = 15.0
_TIMER, _LATE = "pane", "pane is late"


class OwnPane:
    """Starts a pane.

    Args:
        loop: the supervisor's.
        words: the command that starts it, without the program in it.
        directory: the run directory.
        on_there: called with the pane's terminal, non-blocking, when it is there.
        on_size: called when it may have another size.
        on_failed: called with the reason when it cannot be started.
    """

    def __init__(
        self,
        loop: Loop,
        words: Sequence[str],
        directory: str,
        *,
        on_there: Callable[[int], None],
        on_size: Callable[[], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self._loop = loop
        living, self._life = system.pipe2(system.O_CLOEXEC)
        # Its other end stays open here, so that it has no end before it is opened in the pane.
        self._news, self._news_inside = system.pipe2(system.O_CLOEXEC | system.O_NONBLOCK)
        numbers = map(str, (system.getpid(), living, self._news))
        # Its name tells whoever looks at processes which container it is of.
        self._words = [*words, "/bin/sh", "-c", STANDING, directory, *numbers]
        self._directory = directory
        self._on_there = on_there
        self._on_size = on_size
        self._on_failed = on_failed
        self._tries = TRIES
        self.is_there = False
        """Its terminal has been taken."""
        loop.watch(self._news, READ, self._told)
        loop.after(_LATE, DEADLINE_S, lambda: self._fail(f"it was not there within {DEADLINE_S:g} s"))
        self._start()

    def _start(self) -> None:
        self._tries -= 1
        self._said = b""
        self._reader, writer = system.pipe2(system.O_CLOEXEC)
        try:
            # The server stays where it is started, and must not keep the run directory busy.
            system.chdir("/")
            self._client = system.posix_spawn(
                self._words[0],
                self._words,
                system.environ,
                file_actions=[(system.POSIX_SPAWN_DUP2, writer, number) for number in (1, 2)],
                setsigdef=[getattr(signals, name) for name in HANDLED],
            )
        except OSError as error:
            system.close(self._reader)
            why = f"{self._words[0]}: {error.strerror}"
            # Not at once: there is nothing yet that could be ended for it.
            self._loop.after(_TIMER, 0.0, lambda: self._fail(why))
        else:
            self._loop.watch(self._reader, READ, self._client_said)
        finally:
            system.close(writer)
            system.chdir(self._directory)

    def _client_said(self) -> None:
        piece = system.read(self._reader, 4096)
        self._said += piece
        if piece:
            return
        self._loop.forget(self._reader)
        system.close(self._reader)
        _, status = system.waitpid(self._client, 0)
        if status == 0:
            return
        if self._tries:
            self._loop.after(_TIMER, AGAIN_S, self._start)
        else:
            self._fail(" ".join(last_lines(self._said, 3, 200)) or "tmux gave no reason")

    def _told(self) -> None:
        said = system.read(self._news, 4096)
        if self.is_there:
            self._on_size()
            return
        try:
            flags = system.O_RDWR | system.O_NOCTTY | system.O_CLOEXEC | system.O_NONBLOCK
            # Its error stream; the two others lead elsewhere while it reads or writes.
            terminal = system.open(f"/proc/{int(said.split()[0])}/fd/2", flags)
        except (OSError, ValueError, IndexError) as error:
            self._fail(f"it has ended already: {error}")
            return
        self.is_there = True
        self._loop.cancel(_LATE)
        self._on_there(terminal)

    def _fail(self, why: str) -> None:
        self._loop.cancel(_LATE)
        self._loop.cancel(_TIMER)
        self._on_failed(f"the terminal could not be started: {why}")
