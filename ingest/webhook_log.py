"""Verified webhooks to `weir.stripe`, each confirmed by Kafka before anybody is told."""

import asyncio
import time
from functools import partial
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest.core.gate import Gate
from ingest.instruments import ProduceInstruments
from runtime import logs
from schemas.partition import partition_of_tenant
from schemas.webhook import Headers

_TICK_SECONDS: Final = 0.001

log = logs.get_logger(__name__)


class WebhookLog:
    """Publishes one record a webhook. Ticks once a millisecond while one waits, else not at all."""

    def __init__(
        self,
        producer: Producer,
        topic: str,
        partitions: int,
        gate: Gate,
        ack_timeout_seconds: float,
        instruments: ProduceInstruments,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        self._gate = gate
        self._ack_timeout_seconds = ack_timeout_seconds
        self._instruments = instruments
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._ticking = False

    async def publish(self, tenant: str, payload: bytes, headers: Headers) -> bool:
        """Say whether Kafka has confirmed *payload* in time. A later confirmation makes it a copy."""
        confirmed: asyncio.Future[str | None] = self._loop.create_future()
        began = time.monotonic()
        self._gate.hold(len(payload))
        self._waiting += 1
        try:
            self._producer.produce(
                self._topic,
                payload,
                partition=partition_of_tenant(tenant, self._partitions),
                headers=headers,
                on_delivery=partial(_resolve, confirmed),
            )
            self._wake()
            async with asyncio.timeout(self._ack_timeout_seconds):
                failure = await confirmed
        except TimeoutError:
            failure = "_MSG_TIMED_OUT"
        except BufferError:
            failure = "_QUEUE_FULL"
        except KafkaException as error:
            failure = error.args[0].name()
        finally:
            self._waiting -= 1
            self._gate.release(len(payload))
        self._instruments.produced(time.monotonic() - began, failure)
        if failure is not None:
            log.warning("webhook.not_confirmed", tenant=tenant, error=failure)
        return failure is None

    def _wake(self) -> None:
        if not self._ticking:
            self._ticking = True
            self._loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        self._producer.poll(0)
        if self._waiting:
            self._wake()


def _resolve(confirmed: asyncio.Future[str | None], error: KafkaError | None, _message: Message) -> None:
    if not confirmed.done():
        confirmed.set_result(None if error is None else error.name())
