"""Records whose confirmation somebody waits for in a loop; it is polled only while one waits."""

import asyncio
from functools import partial
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from runtime.kafka import failure_of

_TICK_SECONDS: Final = 0.001

#: As librdkafka takes them.
Headers = list[tuple[str, str | bytes | None]]


class Confirming:
    """Produces, and tells of each record what became of it. For one loop, which runs when it is made."""

    def __init__(self, producer: Producer) -> None:
        """Produce by *producer*, which nobody else may poll."""
        self._producer = producer
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._ticking = False

    async def produce(
        self,
        topic: str,
        value: bytes,
        partition: int,
        headers: Headers,
        *,
        key: bytes | None = None,
        seconds: float | None = None,
    ) -> str | None:
        """Return None once Kafka has confirmed the record, else Kafka's name of what failed.

        Who waits no longer than *seconds* gets "_MSG_TIMED_OUT", and may have the record confirmed later.
        """
        confirmed: asyncio.Future[str | None] = self._loop.create_future()
        self._waiting += 1
        try:
            self._producer.produce(
                topic,
                value,
                key,
                partition=partition,
                headers=headers,
                on_delivery=partial(_resolve, confirmed),
            )
            self._wake()
            async with asyncio.timeout(seconds):
                return await confirmed
        except TimeoutError:
            return "_MSG_TIMED_OUT"
        except BufferError:
            return "_QUEUE_FULL"
        except KafkaException as error:
            return str(error.args[0].name())
        finally:
            self._waiting -= 1

    def _wake(self) -> None:
        if not self._ticking:
            self._ticking = True
            self._loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        self._producer.poll(0)
        if self._waiting:
            self._wake()


def _resolve(confirmed: asyncio.Future[str | None], error: KafkaError | None, message: Message) -> None:
    if not confirmed.done():
        confirmed.set_result(failure_of(error, message))
