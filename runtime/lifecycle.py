"""How a process starts and stops: settings, logs, signals, exit codes. The same for all of them.

SIGTERM and SIGINT set a stop event; the process then drains and returns: exit 0. A second SIGINT
does what it always does. Misconfigured is exit 2 and one line. Anything else that escapes is a
crash: logged, exit 1, and whoever supervises starts the process again.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from types import FrameType
from typing import Final

import uvloop

from runtime import logs
from runtime.settings import Settings
from runtime.version import VERSION
from schemas.errors import Misconfigured
from schemas.process import Process

CLEAN: Final = 0
CRASHED: Final = 1
MISCONFIGURED: Final = 2
#: What a shell reports for a program that SIGINT ended.
INTERRUPTED: Final = 130

_ASK_TO_STOP: Final = (signal.SIGTERM, signal.SIGINT)

log = logs.get_logger(__name__)


def run(
    process: Process,
    main: Callable[[Settings, asyncio.Event], Awaitable[None]],
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run *main* on uvloop and return the exit code; *main* has to return soon after the event is set."""

    async def until_stopped(settings: Settings) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def ask() -> None:
            stop.set()
            loop.remove_signal_handler(signal.SIGINT)

        for number in _ASK_TO_STOP:
            loop.add_signal_handler(number, ask)
        await main(settings, stop)

    return _exit_code(process, environ, lambda settings: uvloop.run(until_stopped(settings)))


def run_threaded(
    process: Process,
    main: Callable[[Settings, threading.Event], None],
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Do what `run` does for a *main* without a loop; threads that it starts must be daemons."""

    def until_stopped(settings: Settings) -> None:
        stop = threading.Event()

        def ask(_number: int, _frame: FrameType | None) -> None:
            stop.set()
            signal.signal(signal.SIGINT, signal.default_int_handler)

        for number in _ASK_TO_STOP:
            signal.signal(number, ask)
        main(settings, stop)

    return _exit_code(process, environ, until_stopped)


def _exit_code(process: Process, environ: Mapping[str, str], main: Callable[[Settings], None]) -> int:
    try:
        settings = Settings.load(environ, process)
        logs.configure(settings.log_format, settings.log_level, process=process, instance=settings.instance)
        for finding in settings.findings:
            log.warning("settings.finding", finding=finding)
        log.info("process.started", version=VERSION, pid=os.getpid())
        main(settings)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _failed(process, error)
    log.info("process.stopped")
    return CLEAN


def _failed(process: Process, error: Exception) -> int:
    misconfigured = _misconfigured(error)
    if misconfigured is None:
        log.critical("process.crashed", exc_info=error)
        return CRASHED
    sys.stderr.write(f"{process}: {logs.masked(str(misconfigured))}\n")
    return MISCONFIGURED


def _misconfigured(error: BaseException) -> Misconfigured | None:
    """Return the Misconfigured that *error* is, or that a task group wrapped in it."""
    if isinstance(error, Misconfigured):
        return error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next((found for each in inner if (found := _misconfigured(each))), None)
