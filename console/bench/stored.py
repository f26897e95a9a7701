"""Watches how far PostgreSQL and the archive have come, by the tables that say so."""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final, Literal, NamedTuple

from console.queries import queries
from runtime.broker import Broker
from runtime.postgres import Connection, connect
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import USAGE, topic_name

_POLL_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 180.0

#: Rollups and fates, files of the archive, or the mirror of Stripe's objects.
Where = Literal["stored", "archived", "mirrored"]


class Arrived(NamedTuple):
    """When (monotonic) everything on the log was there."""

    stored_at: float
    archived_at: float


def wait_for_all(settings: Settings) -> Arrived:
    """Wait until all that is on `weir.usage` now is in rollups and in the archive. Raises TryAgain."""
    topic = topic_name(settings.topic_prefix, USAGE)
    ends = Broker.of(settings, "bench").ends(topic, settings.partitions)
    wanted = {partition: end - 1 for partition, end in ends.items() if end > 0}
    with closing(connect(settings, "bench", autocommit=True)) as connection:
        stored_at = _wait(connection, "stored", wanted)
        archived_at = _wait(connection, "archived", wanted)
    return Arrived(stored_at, archived_at)


def reached(connection: Connection, where: Where) -> dict[int, int]:
    """Return the last offset of each partition of `weir.usage`, or of `weir.stripe`, that is *where*."""
    return dict(connection.execute(queries(__package__)[where]).fetchall())


def _wait(connection: Connection, where: Where, wanted: Mapping[int, int]) -> float:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        there = reached(connection, where)
        now = time.monotonic()
        if all(there.get(partition, -1) >= offset for partition, offset in wanted.items()):
            return now
        if now > deadline:
            raise TryAgain(f"not everything is {where} after {_PATIENCE_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
