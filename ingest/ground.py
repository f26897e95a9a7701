"""Looks at the usage topic and at the producer's connection, again and again, from a thread."""

import asyncio
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaException, Producer

from runtime import logs
from runtime.broker import Broker
from schemas.catalog import Catalog
from schemas.errors import Misconfigured, TryAgain
from schemas.ground import check_topic
from schemas.topics import USAGE

_LOOK_SECONDS: Final = 5.0
#: While it is not as it should be, a start should not wait for nothing.
_LOOK_AGAIN_SECONDS: Final = 0.25
_ANSWER_SECONDS: Final = 5.0

log = logs.get_logger(__name__)


class Ground:
    """What is wrong with the ground, as of the last look."""

    def __init__(
        self, broker: Broker, producer: Producer, topic: str, partitions: int, catalog: Callable[[], Catalog]
    ) -> None:
        self._broker = broker
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        self._catalog = catalog
        self._missing: str | None = "Kafka has not been asked yet"
        self._firm = asyncio.Event()

    def missing(self) -> str | None:
        """Return why nothing can be published, as `Health.need` asks for it."""
        return self._missing

    async def firm(self) -> None:
        """Wait until everything was as it has to be once."""
        await self._firm.wait()

    async def watch(self) -> None:
        """Look for ever. Raises Misconfigured when the ground has moved."""
        while True:
            missing = await asyncio.to_thread(self._look)
            if missing != self._missing:
                log.info("ground.changed", missing=missing)
            self._missing = missing
            if missing is None:
                self._firm.set()
            await asyncio.sleep(_LOOK_SECONDS if missing is None else _LOOK_AGAIN_SECONDS)

    def _look(self) -> str | None:
        adopted = self._catalog().topics.get(USAGE.name)
        try:
            found = self._broker.topics([self._topic]).get(self._topic)
            if found is not None and found.partitions != self._partitions:
                raise Misconfigured(
                    f"topic {self._topic} has {found.partitions} partitions, WEIR_PARTITIONS says "
                    f"{self._partitions}: the number is fixed for life, set WEIR_PARTITIONS to it"
                )
            check_topic(self._topic, found, adopted.identity if adopted else None)
            self._producer.list_topics(self._topic, timeout=_ANSWER_SECONDS)
        except TryAgain as error:
            return str(error)
        except KafkaException as error:
            return f"the producer is not connected: {error.args[0].str()}"
        return None
