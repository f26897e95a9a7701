"""A stack of the bench's own, in a folder that goes with it."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from console.catalog.document import shipped
from console.cli.place import find_settings
from console.generator.keys import Account, open_accounts
from deploy.local import stack
from deploy.local.jars import CACHE_VARIABLE
from deploy.local.ports import free_base
from deploy.local.say import Say
from runtime.settings import Settings
from schemas.errors import TryAgain

_TENANTS: Final = ("north", "south", "west")
#: A run ends when its last file is closed; with the default of 10 s the wait would be most of it.
ARCHIVE_INTERVAL_MS: Final = 2_000
_HEAL_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


class Stage:
    """The running stack, and as whom to send to it."""

    def __init__(self, folder: Path, settings: Settings, accounts: list[Account], say: Say) -> None:
        self.folder = folder
        self.settings = settings
        self.accounts = accounts
        self.say = say
        self._seed = 0

    def next_seed(self) -> int:
        """Return a seed for one run: its ids and customers are nobody else's."""
        self._seed += 1
        return self._seed

    def pids(self) -> dict[str, int]:
        """Return the pid of every process that lives, Kafka and PostgreSQL included."""
        return {p.name: p.pid for p in stack.status(self.folder).processes if p.pid is not None}

    def heal(self) -> None:
        """Wait until every process does its work. Raises TryAgain."""
        deadline = time.monotonic() + _HEAL_SECONDS
        while not (status := stack.status(self.folder)).ready:
            if time.monotonic() > deadline:
                named = [f"{p.name}: {p.state} {p.detail}" for p in status.processes if p.state != "running"]
                raise TryAgain(f"not ready after {_HEAL_SECONDS:.0f} s: {', '.join(named)}")
            time.sleep(_POLL_SECONDS)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Return a folder that is removed after the block; SIGTERM ends the block as Ctrl-C does.

    What runs in the folder has a supervisor of its own, which would outlive us. Main thread only.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def open_stage(say: Say) -> Iterator[Stage]:
    """Start a whole stack on free ports, and stop it after the block."""
    with temporary_folder() as folder:
        stack.up(
            folder,
            port_base=free_base(),
            catalog=shipped("demo"),
            detach=True,
            say=say,
            environ=environment(),
        )
        try:
            settings = find_settings(folder)
            yield Stage(folder, settings, open_accounts(settings, _TENANTS), say)
        finally:
            say("stopping")
            stack.down(folder, say)


def environment() -> Mapping[str, str]:
    """Return the settings of the stack: what ships, but for the archive's interval and the canary."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WEIR_") or name == CACHE_VARIABLE
    }
    return inherited | {
        "WEIR_ARCHIVE_INTERVAL_MS": str(ARCHIVE_INTERVAL_MS),
        "WEIR_CANARY_SECONDS": "0",
        "WEIR_LOG_LEVEL": "warning",
    }
