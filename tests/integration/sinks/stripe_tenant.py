"""A tenant with a key of a double's, its webhooks, and what stands on weir.stripe."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from console.control.stripe_keys import add_key
from console.control.tenants import create_tenant
from runtime.broker import Broker
from runtime.kafka import consumer_config, producer_config
from runtime.postgres import Connection
from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.partition import partition_of_tenant
from schemas.topics import STRIPE, Topic, topic_name
from schemas.webhook import Envelope, Origin, headers_of, read_envelope
from tests.integration.sinks.stripe_double import KEY

EVENTS = "/v1/events"
HOUR_S = 3_600


def event(number: int, created_s: int, kind: str = "invoice.paid") -> dict[str, Any]:
    """Return an event as Stripe lists it."""
    return {
        "id": f"evt_{number:04}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": created_s,
        "data": {"object": {"id": f"in_{number}", "object": "invoice", "total": 2_900}},
        "livemode": False,
        "pending_webhooks": 0,
        "type": kind,
    }


def past_events(number: int, *, spread_s: int = 2 * HOUR_S, age_s: int = HOUR_S) -> list[dict[str, Any]]:
    """Return events of the past, spread over *spread_s*, the youngest of them *age_s* old."""
    newest_s = int(time.time()) - age_s
    return [event(index, newest_s - index * spread_s // number) for index in range(number)]


@dataclass(frozen=True)
class Landed:
    """One record of a topic."""

    payload: bytes
    origin: Origin

    @property
    def event_id(self) -> str:
        """Return the id of its event."""
        return str(json.loads(self.payload)["id"])


class StripeTenant:
    """One tenant of the installation under test."""

    def __init__(self, settings: Settings, database: Connection, name: str = "acme") -> None:
        self.settings = settings
        self.database = database
        self.tenant = create_tenant(database, name)
        add_key(database, Keyring.of(settings), self.tenant, KEY, self.tenant.encode()[:4], 0)

    def deliver(self, events: Sequence[dict[str, Any]]) -> None:
        """Append *events* as webhooks that a door took in."""
        producer = Producer(producer_config(self.settings, "test"))
        headers = headers_of(Envelope(self.tenant, time.time_ns() // 1_000_000, Origin.WEBHOOK), None)
        for each in events:
            producer.produce(
                topic_name(self.settings.topic_prefix, STRIPE),
                json.dumps(each).encode(),
                partition=partition_of_tenant(self.tenant, self.settings.partitions),
                headers=headers,
            )
        assert producer.flush(20) == 0

    def landed(self) -> list[Landed]:
        """Return what stands on weir.stripe for the tenant, in its order."""
        return [
            Landed(value, read_envelope(headers).origin)
            for value, headers in read_partition(self.settings, STRIPE, self.tenant)
        ]

    def rows(self, query: str) -> list[Any]:
        """Return what *query* finds."""
        return self.database.execute(query.encode()).fetchall()


def read_partition(settings: Settings, topic: Topic, tenant: str) -> list[tuple[bytes, list[Any]]]:
    """Return every record of the tenant's partition of *topic*, with its headers."""
    where = (topic_name(settings.topic_prefix, topic), partition_of_tenant(tenant, settings.partitions))
    end = Broker.of(settings).latest([where])[where]
    consumer = Consumer(consumer_config(settings, "test", f"{settings.topic_prefix}test-reader"))
    try:
        consumer.assign([TopicPartition(*where, 0)])
        found: list[tuple[bytes, list[Any]]] = []
        while len(found) < end:
            for message in consumer.consume(1_000, 1.0):
                assert message.error() is None
                found.append((message.value() or b"", list(message.headers() or [])))
        return found
    finally:
        consumer.close()
