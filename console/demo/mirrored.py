"""Waits until the mirror of Stripe's objects holds everything that came in."""

from collections.abc import Mapping
from typing import Any, Final

from console.demo.waiting import PATIENCE_SECONDS, wait_for
from console.queries import queries
from runtime.broker import Broker
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.topics import BILLING, MIRROR, STRIPE, Topic, topic_name

#: How far each log is, by topic (short name) and partition.
Ends = Mapping[tuple[str, int], int]

_BEHIND: Final = "webhooks are not mirrored"


def wait_until_mirrored(
    settings: Settings, connection: Connection, seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until all that is on the log of webhooks is recorded and mirrored, its history too.

    Raises TryAgain when that does not happen within *seconds*.
    """
    webhooks = log_ends(settings, STRIPE)
    wait_for(
        lambda: is_read(connection, "stripe", webhooks) and is_applied(connection, webhooks), _BEHIND, seconds
    )
    # The rows and the history of what is applied are on these two.
    made = {**log_ends(settings, MIRROR), **log_ends(settings, BILLING)}
    wait_for(lambda: is_read(connection, "mirror", made), _BEHIND, seconds)


def log_ends(settings: Settings, topic: Topic) -> Ends:
    """Return the offset that the next record of each partition of *topic* gets, but of those without any."""
    name = topic_name(settings.topic_prefix, topic)
    found = Broker.of(settings, "mirrored").ends(name, settings.partitions)
    return {(topic.name, partition): end for partition, end in found.items() if end > 0}


def is_read(connection: Connection, sink: str, wanted: Ends) -> bool:
    """Say whether *sink* has stored everything below *wanted*."""
    topics = {"topics": sorted({topic for topic, _ in wanted})}
    read = {
        (topic, each): upto
        for by, topic, each, upto in _rows(connection, "read_offsets", topics)
        if by == sink
    }
    return all(read.get(log, 0) >= end for log, end in wanted.items())


def is_applied(connection: Connection, wanted: Ends) -> bool:
    """Say whether the mirror has been made of every webhook below *wanted*."""
    applied = dict(_rows(connection, "mirrored_offsets", {}))
    return all(applied.get(partition, -1) + 1 >= end for (_, partition), end in wanted.items())


def _rows(connection: Connection, name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return connection.execute(queries(__package__)[name], values).fetchall()
