"""Makes the mirror once more, in a schema of its own, by the same rules and statements as the processes."""

import re
from collections.abc import Callable
from itertools import chain
from typing import Final, NamedTuple

from psycopg.sql import SQL, Identifier

from console.mirror.proof import TableHash, hash_tables, mirror_tables
from console.queries import queries
from console.replay.source import ArchiveFile, Piece, archived, logged
from processors.billing.core.partition import BillingPartition, Outcome
from processors.billing.core.table import MirrorTable
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.topics import BILLING, MIRROR
from sinks import sql
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.mirror.sink import MirrorSink

#: What the statements write beside what is hashed.
_BESIDE: Final = ("stripe_doubts", "webhook_failures", "mirror_progress")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)


class Replayed(NamedTuple):
    """One table, made once more."""

    table: str
    rows: int
    sha256: str
    #: Of the table that is live.
    live_sha256: str

    @property
    def is_equal(self) -> bool:
        """Say whether the two say the same."""
        return self.sha256 == self.live_sha256


def replay_mirror(
    settings: Settings, connection: Connection, schema: str, tell: Callable[[int], None]
) -> list[Replayed]:
    """Make the mirror in *schema*, which is made or empty; return each table's hash beside the live one's.

    *tell* hears how many records were read so far. Raises Reject, TryAgain.
    """
    live = hash_tables(connection, None)
    _make_room(connection, schema)
    files = [ArchiveFile(*row) for row in connection.execute(queries(__package__)["stripe_files"])]
    (generation,) = connection.execute(queries(__package__)["stripe_generation"]).fetchone() or (1,)
    ends = {file.partition: file.last_offset + 1 for file in files if file.generation == generation}
    replay = _Replay(connection)
    count = 0
    for piece in chain(archived(settings, files), logged(settings, generation, ends)):
        replay.apply(piece)
        count += len(piece.records)
        tell(count)
    made = hash_tables(connection, None)
    return [_beside(*pair) for pair in zip(made, live, strict=True)]


def _make_room(connection: Connection, schema: str) -> None:
    """Make *schema* with empty tables, and let everything that follows go there. Raises Reject."""
    if not _NAME.fullmatch(schema):
        raise Reject(f"{schema!r} is no name of a schema: write lower case letters, digits and _")
    statements = queries(__package__)
    (before,) = connection.execute("show search_path").fetchone() or ("public",)
    exists = connection.execute("select from pg_namespace where nspname = %s", [schema]).fetchone()
    (tables,) = connection.execute(statements["tables_in"], {"schema": schema}).fetchone() or (0,)
    if tables:
        raise Reject(
            f"the schema {schema} has tables: name one that is empty, or `drop schema {schema} cascade`"
        )
    with connection.transaction():
        if exists is None:
            connection.execute(statements["make_schema"].format(schema=Identifier(schema)))
        for table in (*mirror_tables(), *_BESIDE):
            names = {"schema": Identifier(schema), "table": Identifier(table)}
            connection.execute(statements["make_table"].format(**names))
    path = [Identifier(part.strip().strip('"')) for part in before.split(",")]
    connection.execute(
        statements["use_schema"].format(schema=Identifier(schema), before=SQL(", ").join(path))
    )


class _Replay:
    """The processor's rules, and behind them the sink's statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._partitions: dict[int, BillingPartition] = {}
        self._sink = MirrorSink(sql.queries(), 0)

    def apply(self, piece: Piece) -> None:
        """Apply records and store what comes of them."""
        if not piece.records:
            return
        partition = self._partitions.setdefault(
            piece.partition, BillingPartition(piece.generation, MirrorTable(), None)
        )
        partition.generation = piece.generation
        self._store(piece.partition, partition.apply(piece.records))

    def _store(self, number: int, outcome: Outcome) -> None:
        for topic, made in ((MIRROR, outcome.states), (BILLING, outcome.facts)):
            records = [Record(0, one.timestamp_ms, one.key, one.value) for one in made]
            if records:
                self._sink.take(Log(topic.name, number), records)
        if (batch := self._sink.cut()) is not None:
            with self._connection.transaction():
                batch.write(self._connection, careful=False)


def _beside(made: TableHash, live: TableHash) -> Replayed:
    return Replayed(made.table, made.rows, made.sha256, live.sha256)
