"""What a hostile program can make the terminal of who is attached do: show text, and nothing else."""

from __future__ import annotations

import re

import pytest

from tests.sessions.attaching import attached
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

STATUS = rb"the work goes on"

# What a terminal answers to tmux's own questions (DA1, DA2, XTVERSION): a modern xterm that can do all.
XTERM = b"\x1b[?62;1;4;9;15;22c\x1b[>41;367;0c\x1bP>|XTerm(367)\x1b\\"

HOSTILE = {
    "clipboard": b"\x1b]52;c;SE9TVElMRQ==\x07\x1b]52;c;SE9TVElMRQ==\x1b\\\x1b]52;c;?\x07",
    "clipboard with C1 bytes": b"\x9d52;c;SE9TVElMRQ==\x9c",
    "clipboard with C1 characters": "A\u009d52;c;SE9TVElMRQ==\u009cB\u009b2JC\u0090q\u009c".encode(),
    "titles": b"\x1b]0;HOSTILE\x07\x1b]1;HOSTILE\x07\x1b]2;HOSTILE\x1b\\\x1bkHOSTILE\x1b\\\x1b]7;file:///H\x07",
    "passthrough": b"\x1bPtmux;\x1b\x1b]52;c;SE9TVElMRQ==\x07\x1b\\\x1bPtmux;\x1b\x1b]0;HOSTILE\x07\x1b\\",
    "questions": b"\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[>q\x1b[?u\x1b]10;?\x07\x1b]11;?\x07\x1b]4;1;?\x07",
    "status strings": b"\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1b[21t\x1b[18t\x1b[14t\x1b[11t\x1b[20t",
    "images": b"\x1bPq#0;2;0;0;0#0!10~-\x1b\\\x1b_Gf=24,s=1,v=1;AAAA\x1b\\\x1b]1337;File=inline=1:AAAA\x07",
    "links": b"\x1b]8;;http://hostile.example/\x1b\\link\x1b]8;;\x1b\\",
    "notifications": b"\x1b]9;HOSTILE\x07\x1b]777;notify;HOSTILE\x07\x1b]99;;HOSTILE\x1b\\\x1b]9;4;1;50\x07",
    "colours": b"\x1b]4;1;#123456\x07\x1b]10;#ff0000\x07\x1b]12;#ff0000\x07\x1b]104\x07\x1b]112\x07",
    "window": b"\x1b[8;5;5t\x1b[2t\x1b[3;0;0t\x1b[9;1t\x1b[22;0t\x1b[5i\x1b[4i\x1b[?5i",
    "strings": b"\x1b^HOSTILE\x1b\\\x1bXHOSTILE\x1b\\\x1b_HOSTILE\x1b\\\x1b]unfinished",
    "screens and resets": b"\x1b\\\x1b[?1049h\x1b[3J\x1b[2J\x1b[?1049l\x1b[3J\x1b[!p\x1bc\x1b[?47h\x1b[?47l",
    "bells": b"\x07\x07\x07",
    "marks": b"\x1b]133;A\x07\x1b]1337;SetMark\x07\x1b]633;A\x07\x1b]50;HOSTILE\x07",
    "keyboard": b"\x1b[>4;2m\x1b[>1u\x1b[=1;1u\x1b[?2017h\x1b[1q\x1b[2*y",
}

PROGRAM = """
import os, sys, time, tty
tty.setraw(0)
os.write(1, b"ready")
os.read(0, 1)
os.write(1, bytes.fromhex(sys.argv[1]))
os.write(1, b"\\x18\\x1b\\\\\\r\\nIT ENDS HERE\\r\\n")
answers = b""
while True:
    answers += os.read(0, 4096)
"""

# All that tmux may send: text, carriage return, line feed, backspace, character sets and keypad, and CSI
# sequences that draw, place the cursor or set modes of drawing, cursor, mouse, paste and focus.
DRAWING = re.compile(
    rb"[\x20-\x7e\r\n\x08\x0e\x0f]"
    rb"|[\xc2-\xf4][\x80-\xbf]+"
    rb"|\x1b\([0B]|\x1b[=>78M]"
    rb"|\x1b\[[0-9;:]*[A-HJKLMPSTX@`bdfmrs]"
    rb"|\x1b\[\?(?:1|7|12|25|69|1000|1002|1003|1004|1005|1006|2004|7727|2026)[hl]"
    rb"|\x1b\[[0-6] q|\x1b\[34[hl]"
)
# tmux's own, once when it begins: the alternate screen, the title put away, its questions.
BEGIN = re.compile(rb"\x1b\[\?1049h|\x1b\[22;0;0t|\x1b\[c|\x1b\[>c|\x1b\[>q")
# And once when it ends.
END = re.compile(rb"\x1b\[\?1049l|\x1b\[23;0;0t|\x1b\[>4m")


def not_drawing(received: bytes) -> bytes:
    """What is left of the bytes when all that only draws is taken away."""
    left = DRAWING.sub(b"", received)
    # Two-byte characters of which the second is a C1 control would act on many terminals.
    return left + b"".join(re.findall(rb"\xc2[\x80-\x9f]", received))


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("term", ["xterm-256color", "screen-256color"])
def test_it_stays_text(tmux: TmuxServer, kind: str, term: str) -> None:
    endpoint = tmux.start(PROGRAM, HOSTILE[kind].hex())
    with attached(endpoint, {"TERM": term, "COLORTERM": "truecolor"}) as terminal:
        begin = terminal.wait_for(STATUS)
        assert not_drawing(BEGIN.sub(b"", begin)) == b""
        terminal.write(XTERM)
        tmux.wait_for("ready")
        terminal.write(b"g")
        shown = terminal.wait_for(rb"IT ENDS HERE")
        assert not_drawing(shown) == b"", shown
        terminal.write(b"\x11")
        shown = terminal.wait_for(rb"RESULT detached")
        assert not_drawing(END.sub(b"", shown)) == b"", shown
        terminal.wait_end()
        assert b"HOSTILE" not in terminal.received.replace(b"SE9TVElMRQ", b"")


def test_ten_megabytes_without_a_newline_stay_text(tmux: TmuxServer) -> None:
    program = (
        "import os\ninput()\nleft = 10_000_000\nwhile left: left -= os.write(1, b'x' * min(left, 65536))\n"
        "os.write(1, b'IT ENDS HERE')\nimport time; time.sleep(600)"
    )
    endpoint = tmux.start(program)
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        terminal.write(b"\r")
        shown = terminal.wait_for(rb"IT ENDS HERE", 30)
        assert not_drawing(shown) == b""
        terminal.write(b"\x11")
        terminal.wait_for(rb"RESULT detached")
        terminal.wait_end()


def test_a_title_that_looks_like_a_format_runs_nothing(tmux: TmuxServer) -> None:
    mark = tmux.directory / "mark"
    evil = f"#(touch {mark}) #{{E:pane_title}} #[fg=red]"
    titles = f"\x1b]2;{evil}\x07\x1bk{evil}\x1b\\\x1b]0;{evil}\x07".encode()
    endpoint = tmux.start(PROGRAM, titles.hex())
    tmux.run("set-option", "-g", "default-shell", "/bin/sh")
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        terminal.write(b"g")
        terminal.wait_for(rb"IT ENDS HERE")
        tmux.run("refresh-client", "-S")
        wait_until(lambda: "#(touch" in tmux.ask("#{pane_title}"))
        assert not_drawing(BEGIN.sub(b"", terminal.received)) == b""
        assert b"touch" not in terminal.received
    assert tmux.ask("#{window_name}") != evil
    assert not mark.exists()


@pytest.mark.parametrize(
    "typed",
    [
        "#(touch MARK)",
        "'; run-shell 'touch MARK'; '",
        '"; run-shell "touch MARK"; "',
        "} ; run-shell 'touch MARK' ; {",
        "#{E:#{q:x}}#(touch MARK)",
        "%% ; run-shell 'touch MARK'",
        "\\; run-shell 'touch MARK'",
    ],
)
@pytest.mark.parametrize("key", [b"/", b"?"])
def test_what_is_searched_for_is_only_searched_for(tmux: TmuxServer, typed: str, key: bytes) -> None:
    mark = tmux.directory / "mark"
    endpoint = tmux.start("print('ready needle', flush=True); input(); import time; time.sleep(600)")
    # With a shell that works, what got through would leave its mark.
    tmux.run("set-option", "-g", "default-shell", "/bin/sh")
    tmux.run("set-option", "-g", "assume-paste-time", "0")
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        tmux.run("copy-mode", "-t", "=ph-one:")
        terminal.write(key)
        terminal.wait_for(rb"\(search (down|up)\)")
        terminal.write(typed.replace("MARK", str(mark)).encode() + b"\r")
        wait_until(lambda: "touch" in tmux.ask("#{pane_search_string}"))
        terminal.write(key)
        terminal.wait_for(rb"\(search (down|up)\)")
        terminal.write(b"needle\r")
        wait_until(lambda: tmux.ask("#{pane_search_string}") == "needle")
    assert not mark.exists()
    assert tmux.run("list-windows", "-a", "-F", "x") == "x"
