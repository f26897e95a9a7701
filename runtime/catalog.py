"""Follows `weir.catalog`: what people decided, as a snapshot in memory that is never older than a second.

The topic has one partition and is read from its beginning, without a group, in a thread. Until its
end has been reached once, and while nobody has published meters, the follower is not ready.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final, Self

from confluent_kafka import Consumer, Message, TopicPartition

from runtime import logs
from runtime.broker import Broker
from runtime.kafka import consumer_config, readable
from runtime.settings import Settings
from runtime.version import VERSION
from schemas.catalog import Catalog, Fact, decode_fact
from schemas.errors import Misconfigured, Reject, TryAgain
from schemas.ground import TopicIdentity
from schemas.topics import CATALOG, topic_name

_POLL_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0
#: How often the topic's identity is looked at. Reading on one that was made anew fails only where the
#: new log is shorter than our position: else its first records are missed without a word.
_IDENTITY_SECONDS: Final = 5.0
#: Facts that make one snapshot at most; a snapshot costs a copy of the tables.
_BATCH: Final = 1_000

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
        group = f"{settings.topic_prefix}catalog-{settings.instance}"  # never joined
        self._config = consumer_config(settings, "catalog", group)
        self._broker = Broker.of(settings, "catalog-admin")
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
        identity = self._identity()
        position, end = self._extent()
        looked = time.monotonic()
        with closing(Consumer(self._config)) as consumer:
            consumer.assign([TopicPartition(self._topic, 0, position)])
            catalog = Catalog()
            news = self._missing == _NOT_READ  # then even an empty catalogue is something to say
            while not self._stop.is_set():
                if news and position >= end:
                    self._publish(catalog)
                    news = False
                if messages := _arrived(consumer):
                    catalog, news = catalog.with_facts(_facts(messages)), True
                    position = (messages[-1].offset() or 0) + 1
                if time.monotonic() - looked >= _IDENTITY_SECONDS:
                    if self._identity() != identity:
                        raise TryAgain(f"{self._topic} was made anew")
                    looked = time.monotonic()

    def _identity(self) -> TopicIdentity | None:
        return self._broker.topics([self._topic]).get(self._topic)

    def _extent(self) -> tuple[int, int]:
        """Return the first offset of the topic and the next one to be written. Raises TryAgain."""
        # Asked for by number: librdkafka needs 0.5 s to find out what "the beginning" is, and another
        # 0.5 s to tell that the end is reached.
        only = (self._topic, 0)
        return self._broker.earliest([only])[only], self._broker.latest([only])[only]

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
    """Return the records that have arrived, after a short wait at most. Raises TryAgain."""
    first = consumer.poll(_POLL_SECONDS)
    return readable([] if first is None else [first, *consumer.consume(_BATCH, 0)])


def _facts(messages: list[Message]) -> list[Fact]:
    return [_fact(message, value) for message in messages if (value := message.value()) is not None]


def _fact(message: Message, value: bytes) -> Fact:
    try:
        return decode_fact(value)
    except Reject as error:
        raise Misconfigured(
            f"{message.topic()}/0/{message.offset()} is beyond Weir {VERSION} ({error}): "
            "run the release that wrote it, or a newer one"
        ) from None
