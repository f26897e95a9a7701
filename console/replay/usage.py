"""Makes rollups, sketches and fates once more, by the same rules and statements as the processes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from console.replay.usage_source import UsagePiece, UsageSource
from console.replay.verdicts import PartitionVerdicts, said
from processors.stream.core.records import SourceRecord
from processors.usage.core.horizon import Horizon
from processors.usage.core.partition import Identity, Outcome, UsagePartition
from processors.usage.core.quota_table import LINGER_AFTER_LOAD_MS, LINGER_MS, QuotaTable
from processors.usage.core.screen import read_source
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import ClockWentBackError, UsageTable
from processors.usage.seen_store import SeenStore
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas import rollup
from schemas.catalog import Catalog, MetersPublished
from schemas.errors import Reject
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.source_record import SourceEvents
from schemas.topics import ROLLUPS, USAGE, topic_name
from sinks import sql
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.rollups.sink import RollupsSink
from sinks.store import REFUSALS

#: What is known of windows a day after their end is forgotten, as it is by a processor that was started anew.
_LINGER_MS: Final = LINGER_AFTER_LOAD_MS - LINGER_MS
#: A batch is stored when it is full, however long that takes.
_SECONDS_FOR_EVER: Final = 1.0


class Law(NamedTuple):
    """What people decided, as far as it decides what usage comes to."""

    catalog: Catalog
    partitions: int
    settings: Settings


def law_of(settings: Settings, catalog: Catalog, partitions: int) -> Law:
    """Return the law of *catalog* without its plans: quotas are not made once more."""
    facts = [
        MetersPublished(each.version, each.effective_from_ms, each.meters, each.grace_ms)
        for each in catalog.versions.values()
    ]
    return Law(Catalog(skips=catalog.skips).with_facts(facts), partitions, settings)


class UsageReplay:
    """Replays partitions one by one: as much is in memory as a processor has of one of them."""

    def __init__(
        self,
        connection: Connection,
        law: Law,
        source: UsageSource,
        folder: Path,
        tell: Callable[[int], None],
    ) -> None:
        """Store in the schema that *connection* writes to; *folder* takes the ids that were seen.

        *tell* hears how many records were applied, piece by piece.
        """
        self._law = law
        self._source = source
        self._folder = folder
        self._tell = tell
        self._store = _Store(connection)
        #: By partition, as far as it was replayed.
        self.verdicts: dict[int, PartitionVerdicts] = {}

    def replay(self, stamps: Mapping[int, int]) -> None:
        """Apply the records of each partition up to its stamp, in the order of *stamps*.

        Raises TryAgain, Reject.
        """
        for partition, stamp in stamps.items():
            one = _Partition(self._law, partition, self._folder / str(partition))
            verdicts = self.verdicts[partition] = PartitionVerdicts()
            self._store.begin(partition)
            for piece in self._source.pieces(partition, stamp):
                if piece.records:
                    outcome = one.apply(piece)
                    self._store.take(outcome)
                    for record in outcome.verdicts:
                        verdicts.add(said(record.key, record.value))
                    self._tell(len(piece.records))
            self._store.end()


class _Partition:
    """The processor's rules, and what it would know."""

    def __init__(self, law: Law, number: int, folder: Path) -> None:
        settings = law.settings
        self._catalog = law.catalog
        self._events: Mapping[int, SourceEvents] = {}
        self._seen = SeenStore(folder, "replay", 0)
        self._index = SeenIndex(settings.dedupe_table_slots, self._seen.open())
        self._horizon = Horizon(settings.dedupe_horizon_seconds * SECOND_MS)
        self._quotas = QuotaTable(number)
        self._table = UsageTable(
            number, lambda start_ms: law.catalog.meters_at(start_ms).grace_ms, self._quotas
        )
        topic = topic_name(settings.topic_prefix, USAGE)
        self._identity = Identity(topic, number, law.partitions, 0)
        self._partition = UsagePartition(
            self._identity, self._table, self._quotas, self._index, self._horizon, None, self._read
        )

    def apply(self, piece: UsagePiece) -> Outcome:
        """Apply the records of *piece*. Raises Reject."""
        self._partition.identity = Identity(
            self._identity.topic, self._identity.partition, self._identity.partitions, piece.generation
        )
        self._events = piece.events
        try:
            outcome = self._partition.apply(piece.records, self._catalog)
        except ClockWentBackError as error:
            raise Reject(str(error)) from None
        self._let_go(outcome)
        return outcome

    def _read(self, record: SourceRecord) -> SourceEvents:
        events = self._events.get(record.offset)
        return read_source(record) if events is None else events

    def _let_go(self, outcome: Outcome) -> None:
        at_ms = outcome.record_time_ms
        if self._index.is_full:
            self._index.seal(outcome.last_offset)
            self._index.compact(self._horizon.kept_since(at_ms - HOUR_MS))
            self._seen.write(self._index.runs, 0, ())
        self._table.close(at_ms - _LINGER_MS)
        self._quotas.close(at_ms - _LINGER_MS)
        self._partition.hot_keys.take()


class _Store:
    """The sink's reading and its statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sink = RollupsSink(sql.queries(), _SECONDS_FOR_EVER, _nobody_looks, _nobody_looks)
        self._sink.make_stages(connection)

    def begin(self, partition: int) -> None:
        """Take rows of *partition* from now on."""
        self._log = Log(ROLLUPS.name, partition)
        self._progress_key = rollup.encode(rollup.ProgressKey(partition))
        self._next_offset = 0
        self._sink.begin([Claim(self._log, 1, 0, 0)])

    def take(self, outcome: Outcome) -> None:
        """Take the rows of *outcome* with their progress; store them when they are many."""
        values = [(one.key, one.value) for one in outcome.rollups]
        if outcome.progress is not None:
            values.append((self._progress_key, rollup.encode(outcome.progress)))
        at_ms, first = outcome.record_time_ms, self._next_offset
        records = [Record(first + place, at_ms, key, value) for place, (key, value) in enumerate(values)]
        self._next_offset += len(records)
        self._sink.take(self._log, records)
        if self._sink.due(0, _SECONDS_FOR_EVER):
            self.end()

    def end(self) -> None:
        """Store what was taken."""
        batch = self._sink.cut()
        if batch is None:
            return
        try:
            with self._connection.transaction():
                batch.write(self._connection, careful=False)
        except REFUSALS:
            # As the sink does it: all but the rows that PostgreSQL does not take.
            with self._connection.transaction():
                batch.write(self._connection, careful=True)


def _nobody_looks(_measure: float) -> None:
    """Measure nothing."""
