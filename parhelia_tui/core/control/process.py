"""The life of the controller's process: one for each state directory."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys

from parhelia_tui.core.control.controller import Controller
from parhelia_tui.core.control.log import open_log
from parhelia_tui.core.control.server import Server
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config_files import load
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.process_lock import ProcessLock


def main() -> int:
    """Run the controller until it is told to leave or has nothing left to watch.

    Returns:
        0, also when another controller holds the lock already.
    """
    os.umask(0o077)
    paths = Paths.current()
    try:
        private_directory(paths.home)
        private_directory(paths.logs)
        private_directory(paths.containers)
        lock = ProcessLock(paths.controller_lock)
        if not lock.take():
            return 0
        try:
            _watch_children_without_threads()
            asyncio.run(_serve(paths, lock))
        finally:
            lock.release()
    except ParheliaError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit)
    return 0


def _watch_children_without_threads() -> None:
    """Let the kernel tell of ended children, as Python does by itself from 3.12 on.

    Before that asyncio starts a thread for each child: half a millisecond for each container.
    """
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        asyncio.get_event_loop_policy().set_child_watcher(asyncio.PidfdChildWatcher())


async def _serve(paths: Paths, lock: ProcessLock) -> None:
    logger = open_log(paths.logs)
    controller = Controller(paths, load().config, logger)
    server = Server(paths, controller)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, controller.leave)
    logger.info("controller starts")
    try:
        controller.open()
        # All modules stay for good: a search for garbage goes only through what came since.
        gc.freeze()
        while True:
            async with server:
                await controller.run()
            # Nobody can wake us any more. What was wished in the last moment stands in the store, and who
            # wishes from now on sees the lock and waits for it; so nothing falls between two controllers.
            if controller.told_to_leave or _is_idle(controller):
                break
    except Exception:
        logger.exception("controller fails")
        raise
    finally:
        with contextlib.suppress(ParheliaError):
            await controller.close()
        logger.info("controller leaves")
        lock.release()


def _is_idle(controller: Controller) -> bool:
    try:
        return not controller.has_work()
    except ParheliaError:
        # A store that cannot be read now says nothing of the work.
        return False
