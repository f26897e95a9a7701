"""Verified webhooks to `weir.stripe`, each confirmed by Kafka before anybody is told."""

import time

from confluent_kafka import Producer

from ingest.core.gate import Gate
from ingest.instruments import ProduceInstruments
from runtime import logs
from runtime.confirming import Confirming
from schemas.partition import partition_of_tenant
from schemas.webhook import Headers

log = logs.get_logger(__name__)


class WebhookLog:
    """Publishes one record a webhook."""

    def __init__(
        self,
        producer: Producer,
        topic: str,
        partitions: int,
        gate: Gate,
        ack_timeout_seconds: float,
        instruments: ProduceInstruments,
    ) -> None:
        self._confirming = Confirming(producer)
        self._topic = topic
        self._partitions = partitions
        self._gate = gate
        self._ack_timeout_seconds = ack_timeout_seconds
        self._instruments = instruments

    async def publish(self, tenant: str, payload: bytes, headers: Headers) -> bool:
        """Say whether Kafka has confirmed *payload* in time. A later confirmation makes it a copy."""
        began = time.monotonic()
        self._gate.hold(len(payload))
        try:
            failure = await self._confirming.produce(
                self._topic,
                payload,
                partition_of_tenant(tenant, self._partitions),
                headers,
                seconds=self._ack_timeout_seconds,
            )
        finally:
            self._gate.release(len(payload))
        self._instruments.produced(time.monotonic() - began, failure)
        if failure is not None:
            log.warning("webhook.not_confirmed", tenant=tenant, error=failure)
        return failure is None
