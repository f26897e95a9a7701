"""A stream's job: stand on firm ground, load partitions, make sure that the source is still the same."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from processors.stream.ground import check_topics
from processors.stream.loaded import Loaded
from processors.stream.worker import PartitionState
from processors.stream.writer import Fence
from runtime import logs
from runtime.broker import Broker
from runtime.catalog import CatalogFollower
from runtime.settings import Settings
from schemas.catalog import TopicAdopted
from schemas.errors import Misconfigured, TryAgain
from schemas.ground import TopicIdentity, check_topic
from schemas.topics import Topic, topic_name

_RETRY_SECONDS: Final = 1.0
#: For one question to the broker. All of them are repeated, so none need be long.
_ASK_SECONDS: Final = 5.0
#: The catalogue is there within a moment of the start, as a rule.
_LOOK_AGAIN_SECONDS: Final = 0.1

T = TypeVar("T")
log = logs.get_logger(__name__)


class Loader(Protocol):
    """Reads states back from the logs; blocks, so it runs in a thread. Raises TryAgain and Misconfigured."""

    def load(
        self, partitions: Sequence[int], adopted: Mapping[str, TopicAdopted], fence: Fence, now_ms: int
    ) -> Loaded[PartitionState]:
        """Return the durable state of *partitions*; what it will append goes behind *fence*."""


def admin(settings: Settings, agent: str) -> Broker:
    """Return whom the job of *agent* asks about its topics."""
    return Broker.of(settings, f"{agent}-admin", _ASK_SECONDS)


class StreamJob:
    """Implements `processors.stream.worker.Job`."""

    def __init__(
        self,
        agent: str,
        settings: Settings,
        catalog: CatalogFollower,
        broker: Broker,
        topics: Sequence[Topic],
        changelogs: Sequence[str],
        steps: int,
        loader: Loader,
    ) -> None:
        """Work for *agent* at the first of *topics*, which all have to be there.

        Full names of the *changelogs*; *steps* of each flush.
        """
        self.steps = steps
        self.changelogs = changelogs
        self.source = topic_name(settings.topic_prefix, topics[0])
        self._agent = agent
        self._prefix = settings.topic_prefix
        self._catalog = catalog
        self._broker = broker
        self._topics = [topic.name for topic in topics]
        self._loader = loader
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
                    log.warning("stream.waits", agent=self._agent, reason=said)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _LOOK_AGAIN_SECONDS)
            else:
                return

    async def load(self, partitions: Sequence[int], fence: Fence) -> Mapping[int, PartitionState]:
        """Return the durable state of *partitions*; waits while Kafka or the catalogue is away."""
        loaded = await self._answer(
            lambda: self._load(partitions, fence), "stream.load_waits", _RETRY_SECONDS
        )
        # Here, not in the thread: a load that a rebalance cut short goes on there, and says nothing more.
        return loaded.behind(fence)

    async def confirm_source(self) -> None:
        """Return once it is sure that what was read until now came from the topic that was loaded.

        Raises Misconfigured if the topic was made anew.
        """
        await self._answer(self._confirm_source, "stream.source_unconfirmed", _LOOK_AGAIN_SECONDS)

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
        return check_topics(self._broker, self._catalog.catalog, self._prefix, self._topics)

    def _confirm_source(self) -> None:
        check_topic(self.source, self._broker.topics([self.source]).get(self.source), self._loaded_from)

    def _load(self, partitions: Sequence[int], fence: Fence) -> Loaded[PartitionState]:
        adopted = self._check_ground()
        source = adopted[self._topics[0]].identity
        if self._loaded_from not in {None, source}:
            raise Misconfigured(
                f"topic {self.source} was adopted anew: what was loaded before speaks of the old one"
            )
        self._loaded_from = source
        return self._loader.load(partitions, adopted, fence, int(time.time() * 1000))

    async def _answer(self, question: Callable[[], T], waiting: str, pause_seconds: float) -> T:
        """Return what *question* returns, asked in a thread until there is an answer; log *waiting*."""
        while True:
            try:
                return await asyncio.to_thread(question)
            except TryAgain as error:
                log.warning(waiting, agent=self._agent, reason=str(error))
                await asyncio.sleep(pause_seconds)
