"""Follows `weir.catalog`: what people decided, as a snapshot in memory that is never older than a second.

The topic has one partition and is read from its beginning, without a group, in a thread. Until its
end has been reached once, and while nobody has published meters, the follower is not ready.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Final, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from runtime import logs
from runtime.kafka import consumer_config
from runtime.settings import Settings
from runtime.version import VERSION
from schemas.catalog import Catalog, Fact, decode_fact
from schemas.errors import Misconfigured, Reject, TryAgain
from schemas.topics import CATALOG, topic_name

_POLL_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0
#: Facts that make one snapshot at most; a snapshot costs a copy of the tables.
_BATCH: Final = 1_000

#: The topic is not there, or no longer the one that we were reading. All else librdkafka mends by itself.
_START_ANEW: Final = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - its public name
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
    }
)

_NOT_READ: Final = "weir.catalog has not been read to its end yet"
_EMPTY: Final = "weir.catalog holds no meters: run `weir catalog apply FILE`"

log = logs.get_logger(__name__)


class CatalogFollower:
    """Keeps the newest snapshot of the catalogue. Survives outages of Kafka with the one it has."""

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[Catalog], None] = lambda _catalog: None,
        on_failure: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        """Follow the catalogue that *settings* name; nothing happens before `start`.

        Both callbacks run in the follower's thread: *on_change* with every new snapshot, *on_failure*
        once, when the follower cannot go on (a fact that this release cannot read): the process
        may then serve with what it has, or stop.
        """
        self._topic = topic_name(settings.topic_prefix, CATALOG)
        self._config = consumer_config(
            settings,
            "catalog",
            f"{settings.topic_prefix}catalog-{settings.instance}",
            enable_partition_eof=True,
        )
        self._on_change = on_change
        self._on_failure = on_failure
        self._catalog = Catalog()
        self._missing: str | None = _NOT_READ
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="catalog", daemon=True)

    @property
    def catalog(self) -> Catalog:
        """Return the newest snapshot; it never changes, a later call may return another."""
        return self._catalog

    @property
    def ready(self) -> bool:
        """Say whether the snapshot may be used: the topic was read to its end and holds meters."""
        return self._missing is None

    def missing(self) -> str | None:
        """Return why the follower is not ready, as `Health.need` asks for it."""
        return self._missing

    def wait_ready(self, seconds: float) -> bool:
        """Wait at most *seconds* until it has been ready once, and say whether it has."""
        return self._ready.wait(seconds)

    def start(self) -> Self:
        """Begin to follow."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop following; the snapshot stays."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _run(self) -> None:
        said = ""
        while not self._stop.is_set():
            try:
                self._follow()
            except TryAgain as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("catalog.away", reason=said)
                self._stop.wait(_RETRY_SECONDS)
            except Exception as error:  # a thread that dies unseen is the worst end
                log.critical("catalog.failed", exc_info=error)
                self._missing = f"weir.catalog cannot be followed any further: {error}"
                self._on_failure(error)
                return

    def _follow(self) -> None:
        """Read the topic from its beginning, and go on until `stop`. A table read anew replaces the old."""
        with closing(Consumer(self._config)) as consumer:
            consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
            catalog, at_end = Catalog(), False
            news = self._missing == _NOT_READ  # then even an empty catalogue is something to say
            while not self._stop.is_set():
                messages = _arrived(consumer)
                facts = [fact for message in messages if (fact := _fact(message)) is not None]
                at_end = at_end or any(_is_end(message) for message in messages)
                if facts:
                    catalog, news = catalog.with_facts(facts), True
                if at_end and news:
                    self._publish(catalog)
                    news = False

    def _publish(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._missing = None if catalog.versions else _EMPTY
        if self._missing is None:
            self._ready.set()
        log.info(
            "catalog.changed", version=catalog.version, tenants=len(catalog.tenants), keys=len(catalog.keys)
        )
        self._on_change(catalog)


def _arrived(consumer: Consumer) -> list[Message]:
    """Return what has arrived, after a short wait at most; raises TryAgain when the topic is not there."""
    first = consumer.poll(_POLL_SECONDS)
    messages = [] if first is None else [first, *consumer.consume(_BATCH, 0)]
    for message in messages:
        error = message.error()
        if error is not None and error.code() in _START_ANEW:
            raise TryAgain(f"weir.catalog cannot be read: {error.str()}")
    return messages


def _fact(message: Message) -> Fact | None:
    """Return the fact in *message*; None for what carries none, such as the end of the partition."""
    value = message.value()
    if message.error() is not None or value is None:
        return None
    try:
        return decode_fact(value)
    except Reject as error:
        raise Misconfigured(
            f"{message.topic()}/0/{message.offset()} is beyond Weir {VERSION} ({error}): "
            "run the release that wrote it, or a newer one"
        ) from None


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
