"""What the archive holds and how far the log was processed, in one snapshot of PostgreSQL."""

from typing import NamedTuple

from console.control.versions import versions
from console.events.core.sighting import Stored
from console.queries import queries
from runtime.postgres import Connection
from schemas.catalog import Catalog


class File(NamedTuple):
    """One file of the archive."""

    stream: str
    partition: int
    generation: int
    name: str
    first_time_ms: int
    last_time_ms: int


class Snapshot(NamedTuple):
    """The state of everything at one moment."""

    generation: int
    stored: dict[int, Stored]
    files: list[File]
    #: By topic's short name and partition: where the archive ends.
    archived_to: dict[tuple[str, int], int]
    catalog: Catalog

    def files_of(self, stream: str, partitions: frozenset[int]) -> list[File]:
        """Return the files of a stream that hold records of *partitions*."""
        return [file for file in self.files if file.stream == stream and file.partition in partitions]


def take_snapshot(connection: Connection) -> Snapshot:
    """Read all of it through an autocommit *connection*."""
    sql = queries(__package__)
    with connection.transaction():
        connection.execute(sql["snapshot"])
        (generation,) = connection.execute(sql["generation"]).fetchone() or (1,)
        stored = {partition: Stored(*rest) for partition, *rest in connection.execute(sql["progress"])}
        files = [File(*row) for row in connection.execute(sql["files"])]
        archived = {
            (topic, partition): following
            for topic, partition, following in connection.execute(sql["archived_to"])
        }
        return Snapshot(generation, stored, files, archived, Catalog().with_facts(versions(connection)))
