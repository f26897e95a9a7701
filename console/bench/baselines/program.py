"""Runs one of the programs beside this file as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psutil

from schemas.errors import TryAgain

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05


@contextmanager
def running(module: str, environ: Mapping[str, str], *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m module words…` with *environ* over our own, and stop it after the block."""
    quiet: Any = subprocess.DEVNULL
    argv = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(argv, env={**os.environ, **environ}, stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until *process* listens on *port*. Raises TryAgain."""
    deadline = time.monotonic() + _READY_SECONDS
    while not any(c.laddr and c.laddr[1] == port for c in _listening(process.pid)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise TryAgain("the baseline does not start: is fastapi, asyncpg or uvicorn missing?")
        time.sleep(_POLL_SECONDS)


def _listening(pid: int) -> list[Any]:
    try:
        return [c for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    except psutil.Error:
        return []
