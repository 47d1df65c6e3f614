"""`python -m tests.support.scripted_api [SOCKET]`: the scripted API in the foreground, to try an agent by hand."""

import signal
import sys
from pathlib import Path

from tests.support.scripted_api.server import ScriptedApi

with ScriptedApi(Path(sys.argv[1]) if len(sys.argv) > 1 else None) as api:
    print(api.url, flush=True)
    signal.pause()
