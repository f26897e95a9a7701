"""What the rollups sink stores in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas.dead_letter import DeadLetter
from schemas.topics import ROLLUPS
from sinks.core.letter import letter
from sinks.core.log import Log
from sinks.core.refusal import Refusal, Refused, store_all_but_refused
from sinks.rollups.core.row import Row, Table
from sinks.sink import Written
from sinks.store import REFUSALS

#: Tables that are filled by COPY and merged, with the names of their queries.
_COPIED: Final = ((Table.USAGE, "usage"), (Table.SKETCHES, "sketches"), (Table.FATES, "fates"))


@dataclass(frozen=True, slots=True)
class RollupsBatch:
    """The newest state of each key, up to the progress that stands among them."""

    by_table: Mapping[Table, Sequence[Row]]
    next_offsets: Mapping[Log, int]
    letters: Sequence[DeadLetter]
    queries: Mapping[str, SQL]

    @property
    def rows(self) -> int:
        """How many rows there are to write."""
        return sum(map(len, self.by_table.values()))

    def prepare(self) -> None:
        """Nothing to do."""

    def write(self, connection: Connection, *, careful: bool) -> Written:
        """Merge the rows; progress comes with them, or not at all."""
        letters: list[DeadLetter] = []
        merged = 0
        for table, name in _COPIED:
            merging = _Merging(connection, self.queries, name)
            rows = self.by_table.get(table, ())
            if careful:
                refusals = store_all_but_refused(rows, merging.attempt)
                letters += [_letter(refusal) for refusal in refusals]
            elif rows:
                merging.merge(rows)
            merged += merging.merged
        for table, name in ((Table.PROGRESS, "store_progress"), (Table.LOST, "store_lost")):
            if rows := self.by_table.get(table, ()):
                columns = [list(column) for column in zip(*map(_values, rows), strict=True)]
                merged += connection.execute(self.queries[name], columns).rowcount
        return Written(merged, self.rows - merged - len(letters), letters)


class _Merging:
    """COPY into the stage, then one guarded upsert."""

    def __init__(self, connection: Connection, queries: Mapping[str, SQL], name: str) -> None:
        self._connection = connection
        self._copy = queries[f"copy_{name}"]
        self._merge = queries[f"merge_{name}"]
        self._empty = queries[f"empty_{name}"]
        self.merged = 0

    def merge(self, rows: Sequence[Row]) -> None:
        with self._connection.cursor() as cursor:
            with cursor.copy(self._copy) as copy:
                copy.write(b"".join([row.content for row in rows if isinstance(row.content, bytes)]))
            cursor.execute(self._merge)
            self.merged += cursor.rowcount

    def attempt(self, rows: Sequence[Row]) -> None:
        try:
            with self._connection.transaction():
                self.merge(rows)
                self._connection.execute(self._empty)
        except REFUSALS as error:
            raise Refused(" ".join(str(error).split())) from None


def _values(row: Row) -> tuple[int, ...]:
    if isinstance(row.content, bytes):
        raise TypeError("a line of COPY where values were expected")
    return row.content


def _letter(refusal: Refusal[Row]) -> DeadLetter:
    row = refusal.row
    return letter(Log(ROLLUPS.name, row.partition), row.record, "sink:rollups", "refused", refusal.reason)
