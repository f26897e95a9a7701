"""PostgreSQL, as far as the rollups sink relies on it: transactions, and its own statements, run by SQLite.

What differs between the two is put into SQLite's words: arrays of rows become single rows, and COPY
an insert. The rules (what is newer, whose epoch holds) stay those of the `.sql` files.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self, cast

from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas import rollup
from schemas.topics import DEFAULT_PREFIX
from sinks import sql
from sinks.store import Store
from tests.simulation.broker import identity_of

_USAGE_VALUES: Final = "events, sum, min, max, first_ms, first_value, latest_ms, latest_value"
_FATES_VALUES: Final = "counted, in_grace, late, duplicate, conflict, unmatched, refused"
_USAGE_KEY: Final = "tenant, customer, meter, grp, window_start_ms, arrival_day"
_FATES_KEY: Final = "tenant, type, hour_ms, arrival_day, partition"
#: Values are texts, since numeric has no limit; a row or a progress never gets older.
_SCHEMA: Final = f"""
create table rollups ({_USAGE_KEY}, partition, {_USAGE_VALUES}, stamp int, stored_at,
    primary key ({_USAGE_KEY}));
create table fate_counts ({_FATES_KEY}, {_FATES_VALUES}, stamp int, primary key ({_FATES_KEY}));
create table stage_rollups ({_USAGE_KEY}, partition, {_USAGE_VALUES}, stamp int);
create table stage_fate_counts ({_FATES_KEY}, {_FATES_VALUES}, stamp int);
create table progress (partition int primary key, generation int, source_offset int, record_time_ms int,
    catalog_version int, stored_at);
create table sink_offsets (sink, topic, partition int, generation int, next_offset int, epoch int,
    primary key (sink, topic, partition));
create trigger usage_only_gets_newer before update on rollups when new.stamp <= old.stamp
    begin select raise(abort, 'a row that is not newer took the place of another'); end;
create trigger fates_only_get_newer before update on fate_counts when new.stamp <= old.stamp
    begin select raise(abort, 'a row that is not newer took the place of another'); end;
create trigger progress_only_advances before update on progress when
    (new.generation, new.source_offset) < (old.generation, old.source_offset)
    begin select raise(abort, 'progress went back'); end;
"""
_COPY: Final = re.compile(r"copy (\w+) \((.*)\)\s+from stdin", re.DOTALL)
_ROWS: Final = re.compile(r"\nselect .*?(?=\non conflict)", re.DOTALL)
_ARRAYS: Final = re.compile(r"from unnest\(.*?\)\s+as ours \(.*?\)", re.DOTALL)
_COLUMNS: Final = ("topic", "partition", "from_offset", "next_offset", "epoch")
_ONE: Final = f"from (select {', '.join(f':{name} as {name}' for name in _COLUMNS)}) as ours"
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
_ESCAPE: Final = re.compile(r"\\(.)")

#: Key and value of a row as texts, as the store has them.
Rows = dict[tuple[str, ...], tuple[str | int, ...]]


class _Answer:
    """What a statement has answered."""

    def __init__(self, rows: Sequence[tuple[Any, ...]], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)


class Database:
    """The one database. Transactions come one after the other."""

    def __init__(self, partitions: int) -> None:
        self.queries = sql.queries()
        self._names = {text.as_string(): name for name, text in self.queries.items()}
        self._partitions = partitions
        self._sqlite = sqlite3.connect(":memory:", isolation_level=None)
        self._sqlite.executescript(_SCHEMA)
        self._copying: tuple[str, list[str]] = ("", [])
        #: Partitions that the open transaction writes to.
        self._touched: set[int] = set()
        #: Those that were written to since somebody asked.
        self._written: set[int] = set()
        self.rowcount = 0

    def close(self) -> None:
        """Let it go."""
        self._sqlite.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection in a transaction, as `sinks.store.Store` does."""
        self._sqlite.execute("begin")
        self._touched.clear()
        try:
            yield cast("Connection", self)
        except BaseException:
            self._sqlite.execute("rollback")
            raise
        self._sqlite.execute("delete from stage_rollups")
        self._sqlite.execute("delete from stage_fate_counts")
        self._sqlite.execute("commit")
        self._written |= self._touched

    def as_store(self) -> Store:
        """Return it in the place of the connection that a sink keeps."""
        return cast("Store", self)

    def rewind(self, partition: int, next_offset: int) -> None:
        """Have a log read again: an operator may."""
        self._sqlite.execute(
            "update sink_offsets set next_offset = min(next_offset, ?) where partition = ?",
            (next_offset, partition),
        )

    def next_offset(self, partition: int) -> int:
        """Return up to where a log is stored."""
        found = self._sqlite.execute("select next_offset from sink_offsets where partition = ?", (partition,))
        return max((offset for (offset,) in found), default=0)

    def take_written(self) -> set[int]:
        """Return the partitions of which something was written since the last call."""
        written, self._written = self._written, set()
        return written

    def progress(self) -> dict[int, tuple[int, int]]:
        """Return source offset and record time of each partition's progress."""
        found = self._sqlite.execute("select partition, source_offset, record_time_ms from progress")
        return {partition: (offset, time_ms) for partition, offset, time_ms in found}

    def rows(self, partition: int) -> Rows:
        """Return all rows of *partition*."""
        found: Rows = {}
        for table, key, values in (
            ("rollups", _USAGE_KEY, _USAGE_VALUES),
            ("fate_counts", _FATES_KEY, _FATES_VALUES),
        ):
            width = key.count(",") + 1
            for row in self._sqlite.execute(
                f"select {key}, {values}, stamp from {table} where partition = ?",  # noqa: S608 - no input
                (str(partition),),
            ):
                found[table, *row[:width]] = row[width:]
        return found

    # As psycopg has it.

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to do."""

    def copy(self, statement: SQL) -> Self:
        match = _COPY.fullmatch(statement.as_string())
        assert match is not None
        self._copying = match[1], [name.strip() for name in match[2].split(",")]
        return self

    def write(self, lines: bytes) -> None:
        table, columns = self._copying
        stamp, partition = columns.index("stamp"), columns.index("partition")
        rows = [
            [_ESCAPE.sub(r"\1", text) for text in line.split("\t")] for line in lines.decode().splitlines()
        ]
        self._touched |= {int(row[partition]) for row in rows}
        marks = ", ".join("?" * len(columns))
        self._sqlite.executemany(
            f"insert into {table} ({', '.join(columns)}) values ({marks})",  # noqa: S608 - from our .sql
            [[*row[:stamp], int(row[stamp]), *row[stamp + 1 :]] for row in rows],
        )

    def execute(self, statement: SQL, params: Any = None) -> _Answer:  # noqa: ANN401 - as psycopg has it
        text = statement.as_string()
        match self._names[text]:
            case "generation_in_force":
                answer = _Answer([(1, *identity_of(DEFAULT_PREFIX + params["topic"], self._partitions))], 1)
            case "claim_logs":
                answer = self._claim(text, params)
            case "advance":
                answer = self._advance(text, params)
            case "standing":
                found = self._sqlite.execute(_PLACEHOLDER.sub(r":\1", text), params).fetchall()
                answer = _Answer(found, len(found))
            case "store_progress":
                answer = self._store_progress(text, params)
            case name if name.startswith("merge_"):
                done = self._sqlite.execute(text.replace("\non conflict", "\nwhere true\non conflict"))
                answer = _Answer((), done.rowcount)
            case name:
                raise NotImplementedError(name)
        self.rowcount = answer.rowcount
        return answer

    def _claim(self, text: str, params: Mapping[str, Any]) -> _Answer:
        values = "\nvalues (:sink, :topic, :partition, :generation, 0, 1)"
        one = _ROWS.sub(values, text).replace("greatest(", "max(")
        rows = []
        for partition in params["partitions"]:
            rows += self._sqlite.execute(
                one, {**params, "partitions": None, "partition": partition}
            ).fetchall()
        return _Answer(rows, len(rows))

    def _advance(self, text: str, params: Mapping[str, Any]) -> _Answer:
        one = _PLACEHOLDER.sub(r":\1", _ARRAYS.sub(_ONE, text))
        moved = 0
        for row in zip(*(params[f"{name}s"] for name in _COLUMNS), strict=True):
            named = dict(zip(_COLUMNS, row, strict=True))
            done = self._sqlite.execute(one, {"sink": params["sink"], **named}).rowcount
            assert not done or self._epoch(named["partition"]) == named["epoch"], "an older claim moved a log"
            moved += done
        return _Answer((), moved)

    def _epoch(self, partition: int) -> int:
        [(epoch,)] = self._sqlite.execute("select epoch from sink_offsets where partition = ?", (partition,))
        return int(epoch)

    def _store_progress(self, text: str, params: Sequence[Sequence[int]]) -> _Answer:
        one = _ROWS.sub("\nvalues (?, ?, ?, ?, ?)", text).replace("excluded.stored_at", "null")
        # The oldest first: of one partition's the newest is left.
        rows = sorted(zip(*params, strict=True))
        self._touched |= {row[0] for row in rows}
        return _Answer((), sum(self._sqlite.execute(one, row).rowcount for row in rows))


def as_stored(key: rollup.Key, row: rollup.Row) -> tuple[tuple[str, ...], tuple[str | int, ...]]:
    """Return a row as `Database.rows` shows it."""
    match key, row:
        case rollup.UsageKey(), rollup.UsageRow():
            names = (key.tenant, key.customer, key.meter, key.group, key.window_start_ms, key.arrival_day)
            partial = row.partial
            values = (
                *(partial.events, partial.sum, partial.min, partial.max),
                *(partial.first_ms, partial.first, partial.latest_ms, partial.latest),
            )
            return ("rollups", *map(str, names)), (*map(str, values), row.stamp)
        case rollup.FatesKey(), rollup.FatesRow():
            name = (key.tenant, key.type, key.hour_ms, key.arrival_day, key.partition)
            counts = (row.counted, row.in_grace, row.late, row.duplicate)
            more = (row.conflict, row.unmatched, row.refused)
            return ("fate_counts", *map(str, name)), (*map(str, (*counts, *more)), row.stamp)
    raise TypeError(key)
