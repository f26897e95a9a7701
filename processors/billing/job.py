"""The billing agent's job: which logs it reads and writes, and how they are loaded."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from processors.billing.core.partition import BillingPartition
from processors.billing.core.table import MirrorTable
from processors.billing.observe import AGENT, Observer
from processors.billing.state import STEPS, BillingState, Outputs
from processors.stream.core.changelog import Changelog
from processors.stream.ground import Extents, read_on
from processors.stream.job import StreamJob, admin
from processors.stream.loaded import Loaded
from processors.stream.reader import Read, read, read_telling
from processors.stream.writer import Fence
from runtime import logs
from runtime.catalog import CatalogFollower
from runtime.settings import Settings
from schemas import mirror_log, topics
from schemas.catalog import TopicAdopted
from schemas.rollup import Progress, ProgressKey
from schemas.stamp import leading_stamp
from schemas.topics import topic_name

#: The source first.
_TOPICS: Final = (topics.STRIPE, topics.MIRROR, topics.BILLING)

log = logs.get_logger(__name__)


def billing_job(settings: Settings, catalog: CatalogFollower, observer: Observer) -> StreamJob:
    """Return the job."""
    source, mirror, billing = (topic_name(settings.topic_prefix, topic) for topic in _TOPICS)
    broker = admin(settings, AGENT)
    loader = Loader(source, Outputs(mirror, billing), broker, partial(read, settings), observer)
    return StreamJob(AGENT, settings, catalog, broker, _TOPICS, (mirror,), STEPS, loader)


class Loader:
    """Loads partitions of one source; blocks, so it runs in a thread."""

    def __init__(
        self, source: str, outputs: Outputs, broker: Extents, read: Read, observer: Observer
    ) -> None:
        """Load what was read of *source* and written to *outputs* (full topic names)."""
        self._source = source
        self._outputs = outputs
        self._broker = broker
        self._read = read
        self._observer = observer

    def load(
        self, partitions: Sequence[int], adopted: Mapping[str, TopicAdopted], _fence: Fence, now_ms: int
    ) -> Loaded[BillingState]:
        """Return the states of *partitions* on the *adopted* topics.

        What has to be mended on the logs is dated *now_ms*.
        Raises TryAgain, and Misconfigured where a log ends below what was read of it.
        """
        started = time.monotonic()
        loading = {number: _Loading() for number in partitions}
        starts = self._broker.earliest((self._outputs.mirror, number) for number in partitions)
        ends = self._broker.latest(starts)
        for message in read_telling(self._read, starts, ends, self._observer.recovering):
            loading[message.partition() or 0].add(
                message.key() or b"", message.value() or b"", message.timestamp()[1]
            )
        generation = adopted[topics.STRIPE.name].generation
        states = {number: self._state(number, one, generation, now_ms) for number, one in loading.items()}
        log.info(
            "billing.loaded",
            partitions=len(states),
            objects=sum(len(state.partition.table) for state in states.values()),
            seconds=round(time.monotonic() - started, 2),
        )
        return Loaded(states, ends)

    def _state(self, number: int, one: "_Loading", generation: int, now_ms: int) -> BillingState:
        owed = one.changelog.owed(now_ms)
        progress, table = one.restored(number)
        due, first = read_on(self._broker, self._source, number, progress, generation)
        if due < first:
            # The mirror is made whole by a backfill, which asks Stripe.
            log.error("billing.lost", partition=number, first_offset=due, last_offset=first - 1)
        partition = BillingPartition(generation, table, progress)
        return BillingState(number, partition, max(due, first), self._outputs, self._observer, owed)


class _Loading:
    """One partition on its way into memory."""

    def __init__(self) -> None:
        self.changelog = Changelog(topics.MIRROR.name, lambda _, value: leading_stamp(value))
        self._touched_ms: dict[bytes, int] = {}

    def add(self, key: bytes, value: bytes, written_ms: int) -> None:
        self.changelog.add(key, value)
        self._touched_ms[key] = max(written_ms, self._touched_ms.get(key, 0))

    def restored(self, number: int) -> tuple[Progress | None, MirrorTable]:
        """Return how far the source was read for good, and every object. Raises Misconfigured."""
        table = MirrorTable()
        progress_key = mirror_log.encode(ProgressKey(number))
        progress: Progress | None = None

        def take(key: bytes, value: bytes) -> None:
            nonlocal progress
            if key == progress_key:
                progress = mirror_log.decode_progress(value)
            else:
                table.restore(key, value, self._touched_ms[key])

        self.changelog.move(take)
        return progress, table
