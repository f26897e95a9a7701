"""SIGKILLs processes of a running stack, and measures how long each takes to go on."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

from console.generator.traffic import Traffic
from console.queries import queries
from deploy.local import stack
from runtime.broker import Broker
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import USAGE, topic_name

_POLL_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 60.0
_INGEST: Final = "ingest"


class Kill(NamedTuple):
    """One process that was killed, and how soon its work went on."""

    name: str
    pid: int
    recovery_seconds: float


class Nemesis:
    """Kills by name; the stack's supervisor starts again what is gone."""

    def __init__(self, data: Path, settings: Settings, traffic: Traffic) -> None:
        """Kill what runs in *data*, while *traffic* goes on."""
        self._data = data
        self._settings = settings
        self._traffic = traffic
        self._topic = topic_name(settings.topic_prefix, USAGE)

    def kill(self, name: str) -> Kill:
        """SIGKILL the process *name* and wait until its work goes on. Raises TryAgain if it does not."""
        pid = self._pid(name)
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        goes_on = self._answers_again(killed_at) if name == _INGEST else self._stores_again()
        _wait_for(goes_on, f"{name} does not go on after a SIGKILL")
        return Kill(name, pid, time.monotonic() - killed_at)

    def _pid(self, name: str) -> int:
        found: list[int] = []

        def runs() -> bool:
            processes = stack.status(self._data).processes
            found[:] = [p.pid for p in processes if p.name == name and p.state == "running" and p.pid]
            return bool(found)

        _wait_for(runs, f"{name} does not run")
        return found[0]

    def _answers_again(self, killed_at: float) -> Callable[[], bool]:
        # An answer that was on its way at the kill is no sign of life.
        return lambda: self._traffic.last_answered_begun_at > killed_at

    def _stores_again(self) -> Callable[[], bool]:
        """Return a question: is anything stored that was not even processed at the kill?

        What was on its way to PostgreSQL already is no sign of life; what came onto the log since is.
        """
        broker = Broker.of(self._settings, "demo")
        partitions = [(self._topic, number) for number in range(self._settings.partitions)]
        ends = {number: end for (_, number), end in broker.latest(partitions).items()}
        return lambda: any(offset >= ends[number] for number, offset in self._stored().items())

    def _stored(self) -> dict[int, int]:
        try:
            with connect(self._settings, "demo", autocommit=True) as connection:
                rows = connection.execute(queries(__package__)["stored_offsets"]).fetchall()
        except (TryAgain, psycopg.OperationalError):
            return {}
        return dict(rows)


def _wait_for(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TryAgain(f"{complaint} within {_PATIENCE_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
