"""A sink whose records are rows: all are upserted, the bad ones are set aside alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas.dead_letter import DeadLetter
from schemas.errors import Reject
from schemas.topics import Topic
from sinks.core.letter import letter
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.core.refusal import Refused, store_all_but_refused
from sinks.sink import Batch, Written
from sinks.store import REFUSALS


class Row(NamedTuple):
    """The values of one row, by parameter, with where it came from."""

    values: Mapping[str, Any]
    log: Log
    record: Record


#: Writes all of at least one row, in their order and an open transaction, and returns how many it changed.
Upsert = Callable[[Connection, Sequence[Row]], int]


def one_by_one(statement: SQL) -> Upsert:
    """Return what runs *statement* for each row."""

    def upsert(connection: Connection, rows: Sequence[Row]) -> int:
        with connection.cursor() as cursor:
            cursor.executemany(statement, [row.values for row in rows])
            return max(0, cursor.rowcount)

    return upsert


class RowsBatch:
    """Rows of one table."""

    def __init__(
        self,
        stage: str,
        upsert: Upsert,
        rows: Sequence[Row],
        letters: Sequence[DeadLetter],
        next_offsets: Mapping[Log, int],
    ) -> None:
        """Write *rows* by *upsert*; *stage* says in letters who refused."""
        self._stage = stage
        self._upsert = upsert
        self._rows = rows
        self.letters = letters
        self.next_offsets = next_offsets

    @property
    def rows(self) -> int:
        """How many rows there are to write."""
        return len(self._rows)

    def prepare(self) -> None:
        """Nothing to do."""

    def write(self, connection: Connection, *, careful: bool) -> Written:
        """Upsert all rows but those that PostgreSQL refuses."""
        changed = 0

        def attempt(rows: Sequence[Row]) -> None:
            nonlocal changed
            try:
                with connection.transaction():
                    changed += self._upsert(connection, rows)
            except REFUSALS as error:
                raise Refused(" ".join(str(error).split())) from None

        refusals = store_all_but_refused(self._rows, attempt) if careful else []
        if not careful and self._rows:
            changed = self._upsert(connection, self._rows)
        refused = [letter(row.log, row.record, self._stage, "refused", reason) for row, reason in refusals]
        return Written(changed, self.rows - changed - len(refused), refused)


class RowSink:
    """See `sinks.sink.Sink`."""

    #: Few rows come, and nobody waits for them.
    patience_s = 0.5

    def __init__(
        self,
        name: str,
        topic: Topic,
        read: Callable[[Record], Mapping[str, Any]],
        upsert: Upsert,
        interval_s: float,
    ) -> None:
        """Follow *topic*; *read* makes a row's values of a record or raises Reject.

        Where the record stands is added to them: generation, source_partition and source_offset.
        """
        self.name = name
        self.topics = (topic,)
        self._read = read
        self._upsert = upsert
        self._interval_s = interval_s
        self.begin(())

    def begin(self, claims: Iterable[Claim]) -> None:
        """Forget everything."""
        self._generations = {claim.log: claim.generation for claim in claims}
        self._let_go()

    def take(self, log: Log, records: Sequence[Record]) -> None:
        """Read rows; records that are none become letters."""
        stands = {"generation": self._generations[log], "source_partition": log.partition}
        for record in records:
            try:
                values = {**self._read(record), **stands, "source_offset": record.offset}
                self._rows.append(Row(values, log, record))
            except Reject as error:
                self._letters.append(letter(log, record, self._stage, "unreadable", str(error)))
        self._moved[log] = records[-1].offset + 1

    def wait_s(self, last_took_s: float) -> float:
        """Return the interval."""
        del last_took_s
        return self._interval_s

    def due(self, since_last_s: float, last_took_s: float) -> bool:
        """Say yes at the interval."""
        return bool(self._moved) and since_last_s >= self.wait_s(last_took_s)

    def cut(self) -> Batch | None:
        """Return all rows."""
        if not self._moved:
            return None
        batch = RowsBatch(self._stage, self._upsert, self._rows, self._letters, self._moved)
        self._let_go()
        return batch

    def stored(self, batch: Batch, now_ms: int) -> None:
        """Nothing to learn."""

    def _let_go(self) -> None:
        self._rows: list[Row] = []
        self._letters: list[DeadLetter] = []
        self._moved: dict[Log, int] = {}

    @property
    def _stage(self) -> str:
        return f"sink:{self.name}"
