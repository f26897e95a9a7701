"""Puts records aside on `weir.dead-letters`, confirmed by the broker before any offset passes them."""

from collections.abc import Callable, Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from msgspec import structs

from runtime import logs
from runtime.kafka import failure_of, producer_config
from runtime.metrics import Metrics
from runtime.settings import Settings
from schemas.dead_letter import DeadLetter, encode_dead_letter
from schemas.errors import TryAgain
from schemas.metrics import DLQ_MESSAGES
from schemas.topics import DEAD_LETTERS, topic_name

_CONFIRM_SECONDS: Final = 5.0

Confirm = Callable[[KafkaError | None, Message], None]

log = logs.get_logger(__name__)


class Letters:
    """Writes dead letters. The producer is made with the first one: most processes never need it."""

    def __init__(self, settings: Settings, client: str, metrics: Metrics) -> None:
        self._settings = settings
        self._client = client
        self._prefix = settings.topic_prefix
        self._topic = topic_name(settings.topic_prefix, DEAD_LETTERS)
        self._count = metrics.counter(DLQ_MESSAGES)
        self._producer: Producer | None = None

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Return when all *letters*, which name topics by their short names, are durable.

        Raises TryAgain otherwise: some of them may be durable, and come twice.
        """
        if not letters:
            return
        if self._producer is None:
            self._producer = Producer(producer_config(self._settings, self._client))
        unconfirmed = len(letters)
        failures: list[str] = []

        def confirmed(error: KafkaError | None, message: Message) -> None:
            nonlocal unconfirmed
            unconfirmed -= 1
            if (failure := failure_of(error, message)) is not None:
                failures.append(failure)

        named = [structs.replace(letter, topic=self._prefix + letter.topic) for letter in letters]
        for letter in named:
            self._send(letter, confirmed)
        self._producer.flush(_CONFIRM_SECONDS)
        if unconfirmed or failures:
            # What is still queued would arrive late and once more; both are harmless, waiting is not.
            self._producer.purge()
            raise TryAgain(
                f"Kafka did not confirm {unconfirmed + len(failures)} dead letters "
                f"({failures[0] if failures else 'no answer'})"
            )
        for letter in named:
            self._count.labels(letter.topic, letter.reason).inc()
        first = named[0]
        log.error(
            "sink.dead_letters",
            letters=len(named),
            stage=first.stage,
            first=f"{first.topic}/{first.partition}/{first.offset}",
            reason=first.reason,
            detail=first.detail,
        )

    def _send(self, letter: DeadLetter, confirmed: Confirm) -> None:
        key, value = encode_dead_letter(letter)
        try:
            self._producer.produce(  # type: ignore[union-attr]
                self._topic, value, key, partition=letter.partition, on_delivery=confirmed
            )
        except (BufferError, KafkaException) as error:
            raise TryAgain(f"Kafka took no dead letter: {error}") from None
