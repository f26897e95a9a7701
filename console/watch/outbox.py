"""The two halves of the relay: what waits in the outbox, and putting it on the log.

A relay that dies between them publishes the same facts again: a fact is absolute and replaces the
earlier one of its key, so a copy changes nothing.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from console.queries import queries
from runtime.kafka import failure_of
from runtime.postgres import Connection
from schemas.errors import TryAgain

#: A record that Kafka has not confirmed by then is given up, and the relay begins anew.
CONFIRM_SECONDS: Final = 5.0
MOST_ROWS: Final = 500


class Pending(NamedTuple):
    """A fact that waits to be published."""

    id: int
    #: Short name.
    topic: str
    key: str
    value: bytes


def pending(connection: Connection, most: int = MOST_ROWS) -> list[Pending]:
    """Return the oldest facts that are not marked as published, in the order of the decisions."""
    rows = connection.execute(queries(__package__)["outbox_pending"], {"most": most})
    return [Pending(*row) for row in rows]


def publish(producer: Producer, prefix: str, facts: Sequence[Pending]) -> list[float]:
    """Publish *facts* in order; return each one's seconds. Raises TryAgain unless all are confirmed."""
    started = time.monotonic()
    took: list[float] = []
    failed: list[str] = []

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        failure = failure_of(error, message)
        if failure is None:
            took.append(time.monotonic() - started)
        else:
            failed.append(failure)

    _produce(producer, prefix, facts, on_delivery)
    # A little more than a record may take, so that each has its own answer.
    producer.flush(CONFIRM_SECONDS + 1)
    if failed:
        raise TryAgain(f"Kafka did not take a fact: {failed[0]}")
    if len(took) < len(facts):
        raise TryAgain(f"Kafka did not confirm {len(facts) - len(took)} facts in time")
    return took


def mark(connection: Connection, facts: Sequence[Pending]) -> None:
    """Note that *facts* are on the log."""
    connection.execute(queries(__package__)["outbox_mark"], {"ids": [fact.id for fact in facts]})


def _produce(
    producer: Producer,
    prefix: str,
    facts: Sequence[Pending],
    on_delivery: Callable[[KafkaError | None, Message], None],
) -> None:
    try:
        for fact in facts:
            producer.produce(prefix + fact.topic, fact.value, fact.key, on_delivery=on_delivery)
    except (KafkaException, BufferError) as error:
        raise TryAgain(f"Kafka's client takes no fact: {error}") from None
