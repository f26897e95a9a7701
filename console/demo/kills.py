"""SIGKILLs processes of a running stack, and measures how long each takes to go on."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

from console.demo.waiting import wait_for
from console.generator.traffic import Traffic
from console.queries import queries
from deploy.local import stack
from runtime.broker import Broker
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import STRIPE, USAGE, Topic, topic_name

_INGEST: Final = "ingest"


def _nothing() -> None:
    pass


class Kill(NamedTuple):
    """One process that was killed, and how soon its work went on."""

    name: str
    pid: int
    recovery_seconds: float


class Way(NamedTuple):
    """What comes in on a topic, and the statement that says how far each partition is stored."""

    topic: Topic
    stored: str


USAGE_WAY: Final = Way(USAGE, "stored_offsets")
STRIPE_WAY: Final = Way(STRIPE, "mirrored_offsets")


class Nemesis:
    """Kills by name; the stack's supervisor starts again what is gone."""

    def __init__(self, data: Path, settings: Settings, traffic: Traffic, way: Way = USAGE_WAY) -> None:
        """Kill what runs in *data*, while *traffic* goes on along *way*."""
        self._data = data
        self._settings = settings
        self._traffic = traffic
        self._stored_offsets = queries(__package__)[way.stored]
        self._topic = topic_name(settings.topic_prefix, way.topic)

    def kill(self, name: str, meanwhile: Callable[[], None] = _nothing) -> Kill:
        """SIGKILL the process *name* and wait until its work goes on. Raises TryAgain if it does not.

        *meanwhile* is called once it is killed, and may let in what its work is to go on with.
        """
        pid = self._pid(name)
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        goes_on = self._answers_again(killed_at) if name == _INGEST else self._stores_again()
        meanwhile()
        wait_for(goes_on, f"{name} does not go on after a SIGKILL")
        return Kill(name, pid, time.monotonic() - killed_at)

    def _pid(self, name: str) -> int:
        found: list[int] = []

        def runs() -> bool:
            processes = stack.status(self._data).processes
            found[:] = [p.pid for p in processes if p.name == name and p.state == "running" and p.pid]
            return bool(found)

        wait_for(runs, f"{name} does not run")
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
                rows = connection.execute(self._stored_offsets).fetchall()
        except (TryAgain, psycopg.OperationalError):
            return {}
        return dict(rows)
