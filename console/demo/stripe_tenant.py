"""A tenant that a made-up Stripe tells its story to: its secret, and what its mirror says in the end."""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from console.control.core.webhook_secret import RANDOM_BYTES
from console.control.webhook_secrets import add_secret
from console.demo.core.ends import End
from console.demo.waiting import PATIENCE_SECONDS, wait_for
from console.queries import queries
from runtime.broker import Broker
from runtime.postgres import Connection
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.topics import BILLING, MIRROR, STRIPE, Topic, topic_name


def open_endpoint(settings: Settings, connection: Connection, tenant: str) -> str:
    """Give *tenant* (id) the secret of an endpoint, and return it. Raises Reject where it has one."""
    secret = f"whsec_{secrets.token_hex(16)}"
    now_ms = time.time_ns() // 1_000_000
    add_secret(connection, Keyring.of(settings), tenant, secret, os.urandom(RANDOM_BYTES), now_ms)
    return secret


def mirrored_ends(connection: Connection, tenant: str) -> set[End]:
    """Return how the objects of *tenant* (id) end in the mirror."""
    return {End(*row) for row in _rows(connection, "mirrored_ends", {"tenant": tenant})}


def wait_until_mirrored(
    settings: Settings, connection: Connection, patience_seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until all that is on the log of webhooks is recorded and mirrored, its history too.

    Raises TryAgain when that takes longer than *patience_seconds*.
    """
    broker = Broker.of(settings, "mirrored")

    def ends(topic: Topic) -> dict[tuple[str, int], int]:
        name = topic_name(settings.topic_prefix, topic)
        found = broker.latest([(name, partition) for partition in range(settings.partitions)])
        return {(topic.name, partition): end for (_, partition), end in found.items() if end > 0}

    def is_read(sink: str, wanted: Mapping[tuple[str, int], int]) -> bool:
        topics = {"topics": sorted({topic for topic, _ in wanted})}
        rows = _rows(connection, "read_offsets", topics)
        read = {(topic, partition): upto for by, topic, partition, upto in rows if by == sink}
        return all(read.get(log, 0) >= end for log, end in wanted.items())

    def is_applied(wanted: Mapping[tuple[str, int], int]) -> bool:
        applied = dict(_rows(connection, "mirrored_offsets", {}))
        return all(applied.get(partition, -1) + 1 >= end for (_, partition), end in wanted.items())

    webhooks = ends(STRIPE)
    wait_for(
        lambda: is_read("stripe", webhooks) and is_applied(webhooks),
        "webhooks are not mirrored",
        patience_seconds,
    )
    # The rows and the history of what is applied are on these two.
    made = {**ends(MIRROR), **ends(BILLING)}
    wait_for(lambda: is_read("mirror", made), "the mirror is not stored", patience_seconds)


def _rows(connection: Connection, name: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    return connection.execute(queries(__package__)[name], values).fetchall()
