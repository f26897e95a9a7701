"""The log: packs go out, confirmations come in, always in the loop's own thread."""

import time
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest.core.gate import Gate
from ingest.core.packing import Pack
from ingest.core.rounds import Rounds
from ingest.instruments import ProduceInstruments
from runtime import logs
from runtime.kafka import failure_of, producer_config
from runtime.settings import Settings
from schemas.pack import CONTENT_TYPE, encode_pack

#: After this a record that Kafka has not confirmed is given up; its clients have had their 503 by then.
_DELIVERY_TIMEOUT_MS: Final = 10_000
#: Records and kilobytes that librdkafka holds; the gate closes long before.
_QUEUE_RECORDS: Final = 20_000
_QUEUE_KILOBYTES: Final = 131_072
_HEADERS: Final[list[tuple[str, str | bytes | None]]] = [("content-type", CONTENT_TYPE)]

log = logs.get_logger(__name__)


class Faults:
    """What is so wrong with the producer that only a new process helps."""

    def __init__(self) -> None:
        self.fatal: str | None = None

    def reported(self, error: KafkaError) -> None:
        """Take note of what librdkafka says about itself; all but the fatal it mends by itself."""
        if error.fatal():
            self.fatal = error.str()


def connect(settings: Settings, faults: Faults) -> Producer:
    """Return the producer of the ingress; it connects by itself, and again."""
    config: dict[str, Any] = producer_config(
        settings,
        "ingest",
        linger_ms=0,  # the packer lingers
        compression_level=1,  # the default, 3, costs twice the time for each small record and saves little
        delivery_timeout_ms=_DELIVERY_TIMEOUT_MS,
        queue_buffering_max_messages=_QUEUE_RECORDS,
        queue_buffering_max_kbytes=_QUEUE_KILOBYTES,
        retry_backoff_ms=50,
        retry_backoff_max_ms=500,
    )
    return Producer({**config, "error_cb": faults.reported})


class UsageLog:
    """Publishes packs and tells their tickets how it ended."""

    def __init__(
        self,
        producer: Producer,
        faults: Faults,
        topic: str,
        gate: Gate,
        rounds: Rounds,
        instruments: ProduceInstruments,
    ) -> None:
        self._producer = producer
        self._faults = faults
        self._topic = topic
        self._gate = gate
        self._rounds = rounds
        self._instruments = instruments
        #: Packs without a confirmation, oldest first, and when each was sent.
        self._sent_at: dict[Pack, float] = {}
        #: Packs whose end is known.
        self.reported = 0

    @property
    def outstanding(self) -> int:
        """Return how many packs wait for their confirmation."""
        return len(self._sent_at)

    @property
    def oldest_at(self) -> float | None:
        """Return when the oldest pack without confirmation was sent."""
        return next(iter(self._sent_at.values()), None)

    def send(self, pack: Pack) -> None:
        """Publish *pack*; the result comes through `poll`."""
        value = encode_pack(pack.events)
        pack.events = []
        self._sent_at[pack] = time.monotonic()
        try:
            self._producer.produce(
                self._topic,
                value,
                partition=pack.partition,
                headers=_HEADERS,
                on_delivery=partial(self._reported, pack),
            )
        except BufferError:
            self._done(pack, "QUEUE_FULL")
        except KafkaException as error:
            self._done(pack, error.args[0].name())

    def poll(self) -> None:
        """Take in what Kafka has said since the last time; never waits."""
        self._producer.poll(0)

    def _reported(self, pack: Pack, error: KafkaError | None, message: Message) -> None:
        if (failure := failure_of(error, message)) is not None:
            self._done(pack, failure)
            return
        if message.partition() != pack.partition:
            self._faults.fatal = f"a pack for partition {pack.partition} went to {message.partition()}"
            self._done(pack, "WRONG_PARTITION")
            return
        pack.position = f"{self._topic}/{pack.partition}/{message.offset()}/"
        self._done(pack, None)

    def _done(self, pack: Pack, failure: str | None) -> None:
        now = time.monotonic()
        waited = now - self._sent_at.pop(pack)
        self._rounds.confirmed(waited, now)
        self.reported += 1
        self._gate.release(pack.size)
        self._instruments.produced(waited, failure)
        if failure is None:
            self._gate.confirmed()
        else:
            self._gate.failed()
            log.warning("pack.not_confirmed", partition=pack.partition, error=failure)
        for ticket in pack.tickets:
            ticket.pack_done(confirmed=failure is None)
