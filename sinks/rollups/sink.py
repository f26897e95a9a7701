"""The rollups sink: rows wait for their progress, the newest of each key is merged into PostgreSQL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from psycopg.sql import SQL

from runtime import logs
from runtime.postgres import Connection
from schemas.dead_letter import DeadLetter
from schemas.stamp import NEVER
from schemas.topics import ROLLUPS
from sinks.core.letter import letter
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.core.waiting import wait_s
from sinks.rollups.batch import RollupsBatch
from sinks.rollups.core.pending import Newest, Pending
from sinks.rollups.core.reading import Reader
from sinks.rollups.core.row import Table
from sinks.sink import Batch

#: A batch is cut at this many rows at the latest.
_MOST_ROWS: Final = 50_000
#: More rows that wait than these are worth a line in the log, and so is each doubling. There is no limit
#: above it: the progress stands behind the rows, so it is only found by reading on, and a sink that
#: stopped instead would read the same rows again.
_MANY_ROWS: Final = 250_000


logger = logs.get_logger(__name__)


class RollupsSink:
    """See `sinks.sink.Sink`."""

    name = "rollups"
    topics = (ROLLUPS,)
    #: People wait for these rows; yet an answer for every record would cost the broker more than the record.
    patience_s = 0.02

    def __init__(
        self,
        queries: Mapping[str, SQL],
        interval_s: float,
        observe_stored: Callable[[float], None],
        show_waiting: Callable[[float], None],
    ) -> None:
        """Store at least every *interval_s*.

        *observe_stored* is told the seconds from append to commit, *show_waiting* how many rows wait.
        """
        self._queries = queries
        self._interval_s = interval_s
        self._observe_stored = observe_stored
        self._show_waiting = show_waiting
        self._reader = Reader()
        self.begin(())

    def make_stages(self, connection: Connection) -> None:
        """Make the stages that COPY goes to."""
        connection.execute(self._queries["make_rollup_stages"])

    def begin(self, claims: Iterable[Claim]) -> None:
        """Forget everything, and start with these logs alone."""
        claimed = list(claims)
        self._pending = {claim.log: Pending(claim.next_offset) for claim in claimed}
        self._stored_offsets = {claim.log: claim.next_offset for claim in claimed}
        self._stored_stamps: dict[int, tuple[int, ...]] = {}
        self._newest = Newest()
        self._letters: list[DeadLetter] = []
        self._waiting = 0
        self._suspicious = _MANY_ROWS
        self._show_waiting(0)

    def take(self, log: Log, records: Sequence[Record]) -> None:
        """Take rows; those that a progress covers are ready to be stored."""
        pending = self._pending[log]
        waited = len(pending)
        rows, rejected = self._reader.read(log.partition, records)
        for record, reason in rejected:
            self._letters.append(letter(log, record, "sink:rollups", "unreadable", reason))
        pending.cover(max((row.stamp for row in rows if row.table is Table.PROGRESS), default=NEVER))
        pending.add(rows, records[-1].offset + 1)
        self._newest.add(pending.release())
        self._look_at_waiting(log, len(pending) - waited)

    def wait_s(self, last_took_s: float) -> float:
        """Return the interval, less when storing is quick."""
        return wait_s(self._interval_s, last_took_s)

    def due(self, since_last_s: float, last_took_s: float) -> bool:
        """Say yes at the interval, sooner when storing is quick, at once when the batch is full."""
        ready = len(self._newest)
        if not ready and not self._letters:
            return False
        return ready >= _MOST_ROWS or since_last_s >= self.wait_s(last_took_s)

    def cut(self) -> Batch | None:
        """Return all that is covered."""
        offsets = {log: pending.next_offset for log, pending in self._pending.items()}
        moved = {log: offset for log, offset in offsets.items() if offset != self._stored_offsets[log]}
        if not moved:
            return None
        rows = self._newest.take()
        by_table = {table: [row for row in rows if row.table is table] for table in Table}
        letters, self._letters = self._letters, []
        return RollupsBatch(by_table, moved, letters, self._queries)

    def stored(self, batch: Batch, now_ms: int) -> None:
        """Observe how old the newest source record of each partition was when it was stored."""
        self._stored_offsets.update(batch.next_offsets)
        if not isinstance(batch, RollupsBatch):
            return
        for row in batch.by_table.get(Table.PROGRESS, ()):
            partition, generation, offset, record_time_ms, _ = row.content
            # Progress that only says "nothing new" is no event that was stored.
            if (generation, offset) > self._stored_stamps.get(partition, (0, -1)):
                self._stored_stamps[partition] = (generation, offset)
                self._observe_stored((now_ms - record_time_ms) / 1_000)

    def _look_at_waiting(self, log: Log, more: int) -> None:
        self._waiting += more
        self._show_waiting(self._waiting)
        if self._waiting >= self._suspicious:
            logger.warning("rollups.progress_missing", rows_waiting=self._waiting, log=str(log))
            self._suspicious *= 2
        elif self._waiting < _MANY_ROWS:
            self._suspicious = _MANY_ROWS
