"""Waits until everything on the log has been processed and stored."""

import time
from typing import Final

import psycopg

from console.queries import queries
from runtime.broker import Broker
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import USAGE, topic_name

_POLL_SECONDS: Final = 0.2


def wait_until_stored(settings: Settings, seconds: float) -> float:
    """Return how long it took until PostgreSQL held everything that is on `weir.usage` now.

    Raises TryAgain after *seconds*, with what is missing.
    """
    begun = time.monotonic()
    wanted = _logged(settings, begun + seconds)
    while behind := _behind(settings, wanted):
        if time.monotonic() - begun > seconds:
            raise TryAgain(f"not everything is stored after {seconds:.0f} s: {behind} records are missing")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - begun


def _logged(settings: Settings, give_up: float) -> dict[int, int]:
    """Return the last offset of each partition that has any. Raises TryAgain after *give_up*.

    A broker that has just come back does not know at once that it leads its partitions.
    """
    broker = Broker.of(settings, "quiet")
    topic = topic_name(settings.topic_prefix, USAGE)
    partitions = [(topic, partition) for partition in range(settings.partitions)]
    while True:
        try:
            ends = broker.latest(partitions)
        except TryAgain:
            if time.monotonic() > give_up:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return {partition: end - 1 for (_, partition), end in ends.items() if end > 0}


def _behind(settings: Settings, wanted: dict[int, int]) -> int:
    """Return how many records are not stored; all of them while PostgreSQL is away."""
    try:
        with connect(settings, "quiet", autocommit=True) as connection:
            stored = _progress(connection)
    except (TryAgain, psycopg.OperationalError):
        return sum(wanted.values()) + len(wanted)
    return sum(max(offset - stored.get(partition, -1), 0) for partition, offset in wanted.items())


def _progress(connection: Connection) -> dict[int, int]:
    rows = connection.execute(queries(__package__)["stored_progress"])
    return {partition: offset for partition, offset, _ in rows}
