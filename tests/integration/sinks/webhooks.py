"""Writes webhooks to `weir.stripe` as the ingress does, and knows where each stands."""

import json
from typing import NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from runtime.kafka import failure_of, producer_config
from runtime.settings import Settings
from schemas.partition import partition_of_tenant
from schemas.topics import STRIPE, topic_name
from schemas.webhook import Envelope, Headers, Origin, headers_of

EVENT = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.clover",
    "created": 1_795_255_200,
    "data": {"object": {"id": "in_1", "object": "invoice", "total": 2_900}},
    "livemode": True,
    "pending_webhooks": 2,
    "type": "invoice.paid",
}


class Place(NamedTuple):
    """Where a record stands on the log."""

    partition: int
    offset: int


class Stripe:
    """Appends webhooks as the ingress does."""

    def __init__(self, settings: Settings) -> None:
        self._topic = topic_name(settings.topic_prefix, STRIPE)
        self._partitions = settings.partitions
        self._producer = Producer(producer_config(settings, "test"))
        #: Every payload that was appended.
        self.written: dict[Place, bytes] = {}

    def send(self, *, tenant: str = "acme", **members: object) -> bytes:
        """Append the event with other *members*; return its payload."""
        payload = json.dumps({**EVENT, **members}).encode()
        self.append(payload, headers_of(Envelope(tenant, 7, Origin.WEBHOOK), None), tenant)
        return payload

    def append(self, payload: bytes, headers: Headers, tenant: str = "acme") -> None:
        """Append anything."""

        def confirmed(error: KafkaError | None, message: Message) -> None:
            assert failure_of(error, message) is None
            self.written[Place(message.partition() or 0, message.offset() or 0)] = payload

        partition = partition_of_tenant(tenant, self._partitions)
        self._producer.produce(
            self._topic, payload, partition=partition, headers=headers, on_delivery=confirmed
        )
        assert self._producer.flush(20) == 0
