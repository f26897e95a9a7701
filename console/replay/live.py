"""What is live, looked at in one snapshot of PostgreSQL: each table's hash, and up to where it speaks."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from console.books.core.manifest import ArchiveFile
from console.mirror.proof import hash_tables
from console.queries import queries
from console.replay.usage_source import Extent
from console.table_hash import TableHash
from console.usage.proof import hash_usage
from runtime.postgres import Connection
from schemas.catalog import Catalog
from schemas.stamp import stamp_of
from schemas.topics import STRIPE, USAGE, VERDICTS, Topic


class Ground(NamedTuple):
    """Where the records of one topic are."""

    files: Sequence[ArchiveFile]
    generation: int
    #: 0: not recorded.
    partitions: int

    @property
    def generations(self) -> set[int]:
        """Those of the files, and of the log."""
        return {self.generation, *(file.generation for file in self.files)}


class Live(NamedTuple):
    """The store at one instant."""

    usage: Sequence[TableHash]
    #: By partition of weir.usage, the stamp that the tables of usage speak up to.
    usage_to: Mapping[int, int]
    usage_ground: Ground
    verdicts_ground: Ground
    #: What of weir.usage no processor has ever read.
    usage_lost: Sequence[Extent]
    mirror: Sequence[TableHash]
    #: By partition of weir.stripe, a stamp up to which everything is in the mirror; more may be.
    mirror_to: Mapping[int, int]
    #: By topic and partition, how far the mirror's sink has stored.
    mirror_offsets: Mapping[tuple[str, int], int]
    mirror_ground: Ground


def look(connection: Connection, catalog: Catalog) -> Live:
    """Return what is live; *catalog* tells how sketches are read."""
    statements = queries(__package__)
    with connection.transaction():
        connection.execute(statements["one_instant"])
        return Live(
            hash_usage(connection, catalog),
            _stamps(connection, "progress"),
            _ground(connection, USAGE),
            _ground(connection, VERDICTS),
            [Extent(*row) for row in connection.execute(statements["lost"])],
            hash_tables(connection, None),
            _stamps(connection, "mirror_progress"),
            {
                (topic, partition): offset
                for topic, partition, offset in connection.execute(statements["mirror_offsets"])
            },
            _ground(connection, STRIPE),
        )


def _stamps(connection: Connection, of: str) -> dict[int, int]:
    rows = connection.execute(queries(__package__)[of])
    return {partition: stamp_of(generation, offset) for partition, generation, offset in rows}


def _ground(connection: Connection, topic: Topic) -> Ground:
    statements = queries(__package__)
    files = [ArchiveFile(*row) for row in connection.execute(statements["files"], {"stream": topic.name})]
    found = connection.execute(statements["generation"], {"topic": topic.name}).fetchone()
    return Ground(files, *(found or (1, 0)))
