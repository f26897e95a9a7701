"""What the mirror's sink stores in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from psycopg.sql import SQL, Composable, Identifier

from runtime.postgres import Connection
from schemas.billing_fact import Fact, HandlingFailed, HandlingRetried, ObjectSeen
from schemas.dead_letter import DeadLetter
from schemas.rollup import Progress
from schemas.stamp import generation_of, offset_of
from schemas.stripe_types import Kind
from schemas.topics import STRIPE
from sinks.core.letter import letter
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.core.refusal import Refused, store_all_but_refused
from sinks.mirror.core.policy import DELAYS_MS
from sinks.mirror.core.rows import ObjectRow
from sinks.mirror.core.tables import TABLES
from sinks.sink import Written
from sinks.store import REFUSALS

#: What a record says.
Said = ObjectRow | Progress | Fact

_encode = msgspec.json.Encoder().encode


class Entry(NamedTuple):
    """What one record says, and where it stands."""

    log: Log
    record: Record
    said: Said


@dataclass(frozen=True, slots=True)
class MirrorBatch:
    """States, facts and progress, in the order of their logs."""

    entries: Sequence[Entry]
    next_offsets: Mapping[Log, int]
    letters: Sequence[DeadLetter]
    queries: Mapping[str, SQL]

    @property
    def rows(self) -> int:
        """How many rows there are to write."""
        return len(self.entries)

    def prepare(self) -> None:
        """Nothing to do."""

    def write(self, connection: Connection, *, careful: bool) -> Written:
        """Write everything but what PostgreSQL refuses."""
        writing = _Writing(connection, self.queries)
        refused = []
        if careful:
            refusals = store_all_but_refused(self.entries, writing.attempt)
            refused = [
                letter(entry.log, entry.record, "sink:mirror", "refused", reason)
                for entry, reason in refusals
            ]
        else:
            writing.write(self.entries)
        changed = writing.changed
        return Written(changed, self.rows - changed - len(refused), [*refused, *writing.given_up])


class _Writing:
    """Writes entries, all of one part or none."""

    def __init__(self, connection: Connection, queries: Mapping[str, SQL]) -> None:
        self._connection = connection
        self._queries = queries
        #: How many entries said something new.
        self.changed = 0
        #: Events that will not be tried again.
        self.given_up: list[DeadLetter] = []

    def attempt(self, entries: Sequence[Entry]) -> None:
        changed, given_up = self.changed, list(self.given_up)
        try:
            with self._connection.transaction():
                self.write(entries)
        except REFUSALS as error:
            self.changed, self.given_up = changed, given_up
            raise Refused(" ".join(str(error).split())) from None

    def write(self, entries: Sequence[Entry]) -> None:
        said = [entry.said for entry in entries]
        states = [row for row in said if isinstance(row, ObjectRow)]
        for kind, rows in groupby(sorted(states, key=_kind_of), key=_kind_of):
            self._keep_objects(kind, list(rows))
        self._keep_history([fact for fact in said if isinstance(fact, ObjectSeen)])
        for fact in said:
            if isinstance(fact, HandlingFailed):
                self._keep_failure(fact)
            elif isinstance(fact, HandlingRetried):
                self._run("keep_success", msgspec.structs.asdict(fact))
        for entry in entries:
            if isinstance(entry.said, Progress):
                self._keep_progress(entry.log.partition, entry.said)

    def _keep_objects(self, kind: Kind, rows: Sequence[ObjectRow]) -> None:
        table = TABLES[kind]
        names = {
            "table": Identifier(table.name),
            "columns": _list(table.columns),
            "excluded": SQL(", ").join(Identifier("excluded", column) for column in table.columns),
        }
        newest = {row.key: row for row in sorted(rows, key=_newness_of)}.values()
        values = {"rows": _text(row.values for row in newest)}
        found = self._connection.execute(self._queries["keep_objects"].format(**names), values)
        written = {(tenant, object_id) for tenant, object_id in found}
        self.changed += len(written)
        deletions = [row.values for row in rows if row.values["deleted_at_ms"] is not None]
        if deletions:
            gone = self._queries["keep_deletions"].format(**names)
            self._connection.execute(gone, {"rows": _text(deletions)})
        news = [row for row in newest if (row.key.tenant, row.key.object_id) in written]
        if not news:
            return
        about = {"keys": _text({"tenant": r.key.tenant, "id": r.key.object_id, "kind": kind} for r in news)}
        if (parts := table.parts) is not None:
            names = {"table": Identifier(parts.table), "owner": Identifier(parts.owner)}
            self._connection.execute(self._queries["drop_parts"].format(**names), about)
            lines = {"rows": _text(part for row in news for part in row.parts)}
            self._connection.execute(self._queries["keep_parts"].format(**names), lines)
        self._connection.execute(self._queries["drop_doubts"], about)
        doubts = [_doubt(row) for row in news if row.doubt is not None]
        if doubts:
            self._connection.execute(self._queries["keep_doubts"], {"rows": _text(doubts)})

    def _keep_history(self, facts: Sequence[ObjectSeen]) -> None:
        # The first word counts, as in the record of webhooks.
        first = {(f.tenant, f.object_kind, f.object_id, f.event_id): f for f in reversed(facts)}
        if first:
            self._run("keep_history", {"rows": _text(map(msgspec.structs.asdict, first.values()))})

    def _keep_failure(self, fact: HandlingFailed) -> None:
        values = {**msgspec.structs.asdict(fact), "delays_ms": list(DELAYS_MS)}
        found = self._connection.execute(self._queries["keep_failure"], values).fetchone()
        if found is None:
            return
        self.changed += 1
        state, partition, payload = found
        if state == "permanent" and payload is not None:
            self.given_up.append(
                DeadLetter(
                    topic=STRIPE.name,
                    partition=partition,
                    offset=offset_of(fact.stamp),
                    stage="sink:mirror",
                    reason="unhandled",
                    detail=fact.error,
                    tenant=fact.tenant,
                    value=payload,
                )
            )

    def _keep_progress(self, partition: int, progress: Progress) -> None:
        self._run(
            "keep_mirror_progress",
            {
                "partition": partition,
                "generation": generation_of(progress.stamp),
                "source_offset": offset_of(progress.stamp),
                "record_time_ms": progress.record_time_ms,
            },
        )

    def _run(self, name: str, values: Mapping[str, Any]) -> None:
        self.changed += max(0, self._connection.execute(self._queries[name], values).rowcount)


def _kind_of(row: ObjectRow) -> Kind:
    return row.key.object_kind


def _newness_of(row: ObjectRow) -> tuple[int, int]:
    return row.values["as_of_ms"], row.stamp


def _doubt(row: ObjectRow) -> Mapping[str, Any]:
    key = row.key
    return {
        "tenant": key.tenant,
        "object_kind": key.object_kind,
        "object_id": key.object_id,
        "as_of_ms": row.values["as_of_ms"],
        "why": row.doubt,
    }


def _list(columns: Iterable[str]) -> Composable:
    return SQL(", ").join(map(Identifier, columns))


def _text(rows: Iterable[object]) -> str:
    return _encode(list(rows)).decode()
