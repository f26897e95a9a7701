"""What the archive sink stores at once: files first, then their lines in the manifest."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow.compute as pc
from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas.dead_letter import DeadLetter
from sinks.archive import parquet
from sinks.archive.core.naming import FileName, file_name
from sinks.archive.core.runs import Run
from sinks.archive.folder import Folder
from sinks.archive.stream import STREAMS
from sinks.core.log import Claim, Log
from sinks.sink import Written


class Unwritten(NamedTuple):
    """A file to be."""

    claim: Claim
    run: Run


class ManifestLine(NamedTuple):
    """What the manifest says of one file."""

    name: FileName
    rows: int
    first_time_ms: int
    last_time_ms: int
    size: int
    sha256: bytes

    def values(self) -> dict[str, Any]:
        """Return the row of archive_files."""
        return {**self.name._asdict(), **self._asdict(), "name": str(self.name), "topic": self.name.stream}


class ArchiveBatch:
    """Writes each of its files once, however often the transaction is tried."""

    def __init__(
        self,
        files: Sequence[Unwritten],
        letters: Sequence[DeadLetter],
        next_offsets: Mapping[Log, int],
        folder: Folder,
        queries: Mapping[str, SQL],
    ) -> None:
        """Archive *files* in *folder*."""
        self._files = list(files)
        self._folder = folder
        self._queries = queries
        self._lines: list[ManifestLine] = []
        self.letters = letters
        self.next_offsets = next_offsets

    @property
    def rows(self) -> int:
        """Rows of the files that are written."""
        return sum(line.rows for line in self._lines)

    def prepare(self) -> None:
        """Write the files that are not there yet, and let go of what is in them."""
        while self._files:
            self._lines.append(self._written(*self._files[0]))
            del self._files[0]

    def write(self, connection: Connection, *, careful: bool) -> Written:
        """Add the files to the manifest; one that is there already is a fault of ours, not of a row."""
        if careful:
            raise RuntimeError("the manifest refuses a file: two writers had the same epoch")
        with connection.cursor() as cursor:
            cursor.executemany(self._queries["add_archive_file"], [line.values() for line in self._lines])
        return Written(self.rows, 0)

    def _written(self, claim: Claim, run: Run) -> ManifestLine:
        stream = STREAMS[claim.log.topic]
        name = file_name(claim, run.first_offset, run.last_offset)
        table = stream.table_of(run.columns, claim.log.partition)
        content, sha256 = parquet.write(table)
        self._folder.put(str(name), content)
        span = pc.min_max(table[stream.time]).as_py()
        return ManifestLine(name, table.num_rows, span["min"], span["max"], len(content), sha256)
