"""Puts on `weir.stripe` what no webhook brought: events of Stripe's list, snapshots, and events once more."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Self

from confluent_kafka import Producer

from runtime.confirming import Confirming
from runtime.kafka import producer_config
from runtime.metrics import Metrics
from runtime.settings import Settings
from schemas.alert import Alert, alert_key, encode_alert
from schemas.errors import TryAgain
from schemas.metrics import STRIPE_ENTERED
from schemas.partition import partition_of_tenant
from schemas.topics import ALERTS, STRIPE, Topic, topic_name
from schemas.webhook import Envelope, Origin, headers_of, read_head

#: How long the client tries. Then it has given up, and nothing is written behind our back.
_TRY_MS: Final = 10_000


class Publisher:
    """Publishes for the jobs of one process. For one loop, which has to run when it is made."""

    def __init__(self, settings: Settings, producer: Producer, metrics: Metrics) -> None:
        self._settings = settings
        self._confirming = Confirming(producer)
        self._entered = metrics.counter(STRIPE_ENTERED)

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics) -> Self:
        """Return one with a producer of its own."""
        config = producer_config(settings, "sink-jobs", linger_ms=5, message_timeout_ms=_TRY_MS)
        return cls(settings, Producer(config), metrics)

    async def publish(self, tenant: str, payload: bytes, origin: Origin) -> None:
        """Return once Kafka has confirmed the event in *payload* for *tenant* (id) on all replicas.

        Raises TryAgain where it has not, and Reject where *payload* is no event.
        """
        envelope = Envelope(tenant, time.time_ns() // 1_000_000, origin)
        headers = headers_of(envelope, read_head(payload).api_version)
        await self._confirmed(STRIPE, tenant, payload, headers)
        if origin in {Origin.BACKFILL, Origin.SNAPSHOT}:
            self._entered.labels(origin.value).inc()

    async def publish_all(
        self, tenant: str, payloads: Sequence[bytes], origin: Origin
    ) -> list[BaseException | None]:
        """Publish all of *payloads* in their order; return what each failed with, None where it did not.

        Each is settled one way or the other when this returns, so that nobody tries again beside it.
        """
        publishing = (self.publish(tenant, payload, origin) for payload in payloads)
        return await asyncio.gather(*publishing, return_exceptions=True)

    async def tell(self, alert: Alert) -> None:
        """Return once Kafka has confirmed *alert* on `weir.alerts`. Raises TryAgain."""
        await self._confirmed(ALERTS, alert.tenant, encode_alert(alert), [], alert_key(alert))

    async def _confirmed(
        self,
        topic: Topic,
        tenant: str,
        value: bytes,
        headers: list[tuple[str, str | bytes | None]],
        key: bytes | None = None,
    ) -> None:
        partition = partition_of_tenant(tenant, self._settings.partitions)
        name = topic_name(self._settings.topic_prefix, topic)
        failure = await self._confirming.produce(name, value, partition, headers, key=key)
        if failure is not None:
            raise TryAgain(f"Kafka did not confirm a record of {name}: {failure}")
