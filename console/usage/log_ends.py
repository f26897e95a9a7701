"""Where `weir.usage` ends now: a look that callers at the same time share."""

import asyncio
import time
from typing import Final

from console.usage.core.freshness import LogEnds
from runtime import logs
from runtime.broker import Broker
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.topics import USAGE, topic_name

#: A reader waits this long for Kafka; then the last look, or the newest record's time, has to do.
PATIENCE_SECONDS: Final = 0.5

log = logs.get_logger(__name__)


def look(broker: Broker, settings: Settings) -> LogEnds:
    """Return where each partition ends. Raises TryAgain."""
    asked_at_ms = time.time_ns() // 1_000_000
    topic = topic_name(settings.topic_prefix, USAGE)
    return LogEnds(asked_at_ms, broker.ends(topic, settings.partitions))


class LogWatch:
    """Looks when it is asked, one look at a time."""

    def __init__(self, settings: Settings, broker: Broker) -> None:
        self._settings = settings
        self._broker = broker
        self._last: LogEnds | None = None
        self._looking: asyncio.Task[None] | None = None

    async def ends(self) -> LogEnds | None:
        """Return a look that ended just now, or the last one if Kafka is slow; None before any."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(asyncio.shield(self._looking), PATIENCE_SECONDS)
        except TimeoutError:
            log.warning("log_ends.slow", seconds=PATIENCE_SECONDS)
        return self._last

    async def _look(self) -> None:
        try:
            self._last = await asyncio.to_thread(look, self._broker, self._settings)
        except TryAgain as error:
            log.warning("log_ends.away", reason=str(error))
