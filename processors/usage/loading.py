"""Brings partitions into memory: from disk, from the changelogs what came since, and where to read on."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from processors.stream.core.changelog import Changelog
from processors.stream.core.records import NewRecord
from processors.stream.ground import Extents, read_on
from processors.stream.loaded import Loaded
from processors.stream.reader import Read, Stored, read_telling
from processors.stream.writer import Fence
from processors.usage.core.horizon import Horizon
from processors.usage.core.partition import Identity, UsagePartition
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from processors.usage.observe import Observer
from processors.usage.restore import (
    SeenLog,
    progress_in,
    quotas_log,
    restore_quotas,
    restore_rollups,
    rollups_log,
)
from processors.usage.row_store import RowStore
from processors.usage.seen_store import SeenStore
from processors.usage.state import Outputs, Owed, Stores, UsageState
from runtime import logs
from runtime.broker import Partition
from runtime.settings import Settings
from schemas import rollup, topics
from schemas.catalog import Catalog, TopicAdopted
from schemas.stamp import NEVER
from schemas.topics import Topic, topic_name

log = logs.get_logger(__name__)


class Loader:
    """Loads partitions of one source; blocks, so it runs in a thread."""

    def __init__(
        self,
        settings: Settings,
        catalog: Callable[[], Catalog],
        observer: Observer,
        broker: Extents,
        read: Read,
        source: str,
        outputs: Outputs,
    ) -> None:
        """Load what was read of *source* and written to *outputs* (full topic names)."""
        self._settings = settings
        self._catalog = catalog
        self._observer = observer
        self._broker = broker
        self._read_between = read
        self._source = source
        self._outputs = outputs

    def load(
        self, partitions: Sequence[int], adopted: Mapping[str, TopicAdopted], fence: Fence, now_ms: int
    ) -> Loaded[UsageState]:
        """Return the states of *partitions* on the *adopted* topics; they will append behind *fence*.

        What has to be mended on the logs is dated *now_ms*.
        Raises TryAgain, and Misconfigured where a log ends below what was read of it.
        """
        started = time.monotonic()
        loading = [
            _Loading(self._settings, self._catalog, number, self._stores(number, adopted))
            for number in partitions
        ]
        read = [
            self._read_rows(topics.ROLLUPS, loading),
            self._read_rows(topics.QUOTAS, loading),
            self._read_seen(loading),
        ]
        states = {one.number: self._state(one, adopted, fence, now_ms) for one in loading}
        log.info(
            "usage.loaded",
            partitions=len(states),
            rows=sum(len(state.partition.table) for state in states.values()),
            quotas=sum(len(state.partition.quotas) for state in states.values()),
            ids=sum(len(state.partition.index) for state in states.values()),
            seconds=round(time.monotonic() - started, 2),
        )
        return Loaded(states, {where: end for ends in read for where, end in ends.items()})

    def _stores(self, number: int, adopted: Mapping[str, TopicAdopted]) -> Stores:
        folder = self._settings.data / "processors" / self._settings.instance
        generation = adopted[topics.USAGE.name].generation
        return Stores(
            SeenStore(folder / "seen" / str(number), adopted[topics.SEEN.name].topic_id, generation),
            RowStore(folder / "rows" / str(number), adopted[topics.ROLLUPS.name].topic_id, generation),
            RowStore(folder / "quotas" / str(number), adopted[topics.QUOTAS.name].topic_id, generation),
        )

    def _read_rows(self, of: Topic, loading: "Iterable[_Loading]") -> Mapping[Partition, int]:
        """Read the rows of one changelog, from disk and from the log what came since; return its ends."""
        topic = topic_name(self._settings.topic_prefix, of)
        by_partition = {one.number: one for one in loading}
        earliest = self._broker.earliest((topic, number) for number in by_partition)
        ends = self._broker.latest(earliest)
        starts = {
            (topic, number): one.rows_from(of, earliest[topic, number], ends[topic, number])
            for number, one in by_partition.items()
        }
        for message in self._read(of.name, starts, ends):
            changelog, _ = by_partition[message.partition() or 0].rows_of(of)
            changelog.add(message.key() or b"", message.value() or b"")
        return ends

    def _read_seen(self, loading: "Sequence[_Loading]") -> Mapping[Partition, int]:
        """Read which ids were seen, from the log what is not on disk; return its ends."""
        topic = self._outputs.seen
        by_partition = {one.number: one for one in loading}
        earliest = self._broker.earliest((topic, number) for number in by_partition)
        starts = {(topic, one.number): max(one.covered, earliest[topic, one.number]) for one in loading}
        ends = self._broker.latest(starts)
        for message in self._read(topics.SEEN.name, starts, ends):
            one = by_partition[message.partition() or 0]
            one.seen_log.add(message.key() or b"", message.value() or b"", message.timestamp()[1])
        for one in loading:
            one.seen_log.finish()
        return ends

    def _read(
        self, table: str, starts: Mapping[Partition, int], ends: Mapping[Partition, int]
    ) -> Iterator[Stored]:
        """Yield the records of a changelog from *starts* to *ends*."""
        return read_telling(self._read_between, starts, ends, partial(self._observer.recovering, table))

    def _state(
        self, one: "_Loading", adopted: Mapping[str, TopicAdopted], fence: Fence, now_ms: int
    ) -> UsageState:
        generation = adopted[topics.USAGE.name].generation
        partitions = adopted[topics.USAGE.name].partitions
        progress = progress_in(one.rollups, one.number)
        owed_rollups, owed_quotas = one.rollups.owed(now_ms), one.quotas.owed(now_ms)
        if progress is not None:
            one.table.resume(progress.record_time_ms)
            one.quota_table.resume(progress.record_time_ms)
        restore_rollups(one.rollups, one.table)
        owed_alerts = restore_quotas(one.quotas, one.quota_table, progress.stamp if progress else NEVER)
        next_offset, lost = self._next_offset(one.number, progress, generation, now_ms)
        partition = UsagePartition(
            Identity(self._source, one.number, partitions, generation),
            one.table,
            one.quota_table,
            one.index,
            one.horizon,
            progress,
        )
        return UsageState(
            partition,
            next_offset,
            one.stores,
            self._outputs,
            fence,
            self._catalog,
            self._observer,
            Owed([*owed_rollups, *lost], owed_quotas, owed_alerts),
        )

    def _next_offset(
        self, number: int, progress: rollup.Progress | None, generation: int, now_ms: int
    ) -> tuple[int, list[NewRecord]]:
        """Return where to read on, and a record of what retention took before it was read."""
        due, first = read_on(self._broker, self._source, number, progress, generation)
        if first <= due:
            return due, []
        log.error("usage.lost", partition=number, first_offset=due, last_offset=first - 1)
        key = rollup.encode(rollup.LostKey(number, due))
        stamp = progress.stamp if progress else 0
        value = rollup.encode(rollup.LostRow(first - 1, now_ms, stamp))
        return first, [NewRecord(key, value, now_ms)]


class _Loading:
    """One partition on its way into memory."""

    def __init__(
        self, settings: Settings, catalog: Callable[[], Catalog], number: int, stores: Stores
    ) -> None:
        self.number = number
        self.stores = stores
        self.rollups = rollups_log()
        self.quotas = quotas_log()
        self.horizon = Horizon(settings.dedupe_horizon_seconds * 1000)
        self.index = SeenIndex(settings.dedupe_table_slots, stores.seen.open())
        for hour_ms, first_offset in stores.seen.manifest.hours:
            self.horizon.observe(first_offset, hour_ms)
        self.covered = stores.seen.manifest.covered
        self.quota_table = QuotaTable(number)
        self.table = UsageTable(
            number, lambda start_ms: catalog().meters_at(start_ms).grace_ms, self.quota_table
        )
        self.seen_log = SeenLog(self.index, self.horizon)

    def rows_of(self, of: Topic) -> tuple[Changelog, RowStore]:
        """Return where the rows of a changelog go, and what the disk has of them."""
        if of is topics.ROLLUPS:
            return self.rollups, self.stores.rows
        return self.quotas, self.stores.quotas

    def rows_from(self, of: Topic, earliest: int, end: int) -> int:
        """Take in the rows on disk, and return where the changelog has to be read on."""
        changelog, store = self.rows_of(of)
        covered, records = store.read()
        if not earliest <= covered <= end:
            return earliest  # what lies between, if anything, is in neither
        for key, value in records:
            changelog.add(key, value)
        return covered
