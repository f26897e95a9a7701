"""Follows `weir.catalog`: what people decided, as a snapshot in memory that is never older than a second.

Until the end of the topic, which has one partition, has been reached once, and while nobody has published
meters, the follower is not ready.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Final

from confluent_kafka import Message

from runtime import logs
from runtime.follower import Follower, Turn
from runtime.settings import Settings
from runtime.version import VERSION
from schemas.catalog import Catalog, Fact, decode_fact
from schemas.errors import Misconfigured, Reject
from schemas.topics import CATALOG

#: Facts that make one snapshot at most; a snapshot costs a copy of the tables.
_AT_ONCE: Final = 1_000

_NOT_READ: Final = "weir.catalog has not been read to its end yet"
_EMPTY: Final = "weir.catalog holds no meters: run `weir catalog apply FILE`"

log = logs.get_logger(__name__)


class CatalogFollower(Follower):
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
        super().__init__(settings, CATALOG, 1, _AT_ONCE)
        self._on_change = on_change
        self._on_failure = on_failure
        self._catalog = Catalog()
        self._missing: str | None = _NOT_READ
        self._ready = threading.Event()

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

    def _follow(self, turns: Iterator[Turn]) -> None:
        """Make a snapshot of what came. A table read anew replaces the old."""
        catalog = Catalog()
        news = self._missing == _NOT_READ  # then even an empty catalogue is something to say
        for records, caught_up in turns:
            if records:
                catalog, news = catalog.with_facts(_facts(records)), True
            if news and caught_up:
                self._publish(catalog)
                news = False

    def _failed(self, error: Exception) -> bool:
        self._missing = f"weir.catalog cannot be followed any further: {error}"
        self._on_failure(error)
        return False

    def _publish(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._missing = None if catalog.versions else _EMPTY
        if self._missing is None:
            self._ready.set()
        log.info(
            "catalog.changed", version=catalog.version, tenants=len(catalog.tenants), keys=len(catalog.keys)
        )
        self._on_change(catalog)


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
