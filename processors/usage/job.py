"""The usage agent's job: stand on firm ground, load partitions, say what they write."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from processors.stream.ground import check_topics
from processors.stream.reader import read
from processors.stream.writer import Fence
from processors.usage.loading import Loader
from processors.usage.observe import Observer
from processors.usage.state import STEPS, Outputs, UsageState
from runtime import logs
from runtime.broker import Broker
from runtime.catalog import CatalogFollower
from runtime.settings import Settings
from schemas import topics
from schemas.catalog import TopicAdopted
from schemas.errors import Misconfigured, TryAgain
from schemas.ground import TopicIdentity, check_topic
from schemas.topics import topic_name

_TOPICS: Final = (
    topics.USAGE,
    topics.ROLLUPS,
    topics.QUOTAS,
    topics.SEEN,
    topics.VERDICTS,
    topics.ALERTS,
    topics.DEAD_LETTERS,
)
_RETRY_SECONDS: Final = 1.0
#: For one question to the broker. All of them are repeated, so none need be long.
_ASK_SECONDS: Final = 5.0
#: The catalogue is there within a moment of the start, as a rule.
_LOOK_AGAIN_SECONDS: Final = 0.1

T = TypeVar("T")
log = logs.get_logger(__name__)


class UsageJob:
    """Implements `processors.stream.worker.Job` for usage."""

    steps = STEPS

    def __init__(self, settings: Settings, catalog: CatalogFollower, observer: Observer) -> None:
        """Work as *settings* say, measuring by *catalog*."""
        self._prefix = settings.topic_prefix
        self._catalog = catalog
        self._broker = Broker.of(settings, "usage-admin", _ASK_SECONDS)
        self.source = topic_name(self._prefix, topics.USAGE)
        self._outputs = Outputs(
            rollups=topic_name(self._prefix, topics.ROLLUPS),
            quotas=topic_name(self._prefix, topics.QUOTAS),
            seen=topic_name(self._prefix, topics.SEEN),
            verdicts=topic_name(self._prefix, topics.VERDICTS),
            alerts=topic_name(self._prefix, topics.ALERTS),
            dead_letters=topic_name(self._prefix, topics.DEAD_LETTERS),
        )
        self.changelogs = self._outputs.changelogs
        self._loader = Loader(
            settings,
            lambda: catalog.catalog,
            observer,
            self._broker,
            partial(read, settings),
            self.source,
            self._outputs,
        )
        #: The source that the loaded states speak of.
        self._loaded_from: TopicIdentity | None = None

    async def wait_for_ground(self, stop: asyncio.Event) -> None:
        """Return once the catalogue is read and every topic is there, or *stop* is set.

        Raises Misconfigured if they are not the topics that were adopted.
        """
        said = ""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self._check_ground)
            except TryAgain as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("usage.waits", reason=said)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _LOOK_AGAIN_SECONDS)
            else:
                return

    async def load(self, partitions: Sequence[int], fence: Fence) -> Mapping[int, UsageState]:
        """Return the durable state of *partitions*; waits while Kafka or the catalogue is away."""
        return await _answer(lambda: self._load(partitions, fence), "usage.load_waits", _RETRY_SECONDS)

    async def confirm_source(self) -> None:
        """Return once it is sure that what was read until now came from the topic that was loaded.

        Raises Misconfigured if the topic was made anew.
        """
        await _answer(self._confirm_source, "usage.source_unconfirmed", _LOOK_AGAIN_SECONDS)

    async def is_current(self, partition: int, fence: Fence) -> bool:
        """Say whether all changelogs end where our last append ended."""
        where = [(topic, partition) for topic in self.changelogs]
        try:
            ends = await asyncio.to_thread(self._broker.latest, where)
        except TryAgain:
            return False
        return fence.is_at(ends)

    def _check_ground(self) -> Mapping[str, TopicAdopted]:
        """Return the topics as adopted. Raises Misconfigured or TryAgain."""
        if (missing := self._catalog.missing()) is not None:
            raise TryAgain(missing)
        return check_topics(self._broker, self._catalog.catalog, self._prefix, [t.name for t in _TOPICS])

    def _confirm_source(self) -> None:
        check_topic(self.source, self._broker.topics([self.source]).get(self.source), self._loaded_from)

    def _load(self, partitions: Sequence[int], fence: Fence) -> Mapping[int, UsageState]:
        adopted = self._check_ground()
        source = adopted[topics.USAGE.name].identity
        if self._loaded_from not in {None, source}:
            raise Misconfigured(
                f"topic {self.source} was adopted anew: what was loaded before speaks of the old one"
            )
        self._loaded_from = source
        return self._loader.load(partitions, adopted, fence, int(time.time() * 1000))


async def _answer(question: Callable[[], T], waiting: str, pause_seconds: float) -> T:
    """Return what *question* returns, asked in a thread until there is an answer; log *waiting* meanwhile."""
    while True:
        try:
            return await asyncio.to_thread(question)
        except TryAgain as error:
            log.warning(waiting, reason=str(error))
            await asyncio.sleep(pause_seconds)
