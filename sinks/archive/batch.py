"""What the archive sink stores at once: files first, then their lines in the manifest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow.compute as pc
from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas.dead_letter import DeadLetter
from schemas.errors import Reject
from sinks.archive import parquet
from sinks.archive.core.naming import FileName, file_name, split
from sinks.archive.folder import Folder
from sinks.archive.stream import STREAMS
from sinks.core.letter import letter
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.sink import Written


class Stretch(NamedTuple):
    """What was read of one log: every record from *first_offset* on, in order."""

    claim: Claim
    first_offset: int
    records: Sequence[Record]

    @property
    def next_offset(self) -> int:
        """Offset behind the last record."""
        return self.records[-1].offset + 1


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
        self, stretches: Sequence[Stretch], folder: Folder, most_rows: int, queries: Mapping[str, SQL]
    ) -> None:
        """Archive *stretches* in *folder*, in files of at most *most_rows* rows."""
        self._stretches = list(stretches)
        self._folder = folder
        self._most_rows = most_rows
        self._queries = queries
        self._lines: dict[FileName, ManifestLine] = {}
        self.letters: list[DeadLetter] = []
        self.next_offsets: Mapping[Log, int] = {each.claim.log: each.next_offset for each in stretches}

    @property
    def rows(self) -> int:
        """Rows of the files that are written."""
        return sum(line.rows for line in self._lines.values())

    def prepare(self) -> None:
        """Write the files that are not there yet, and let go of what is in them."""
        while self._stretches:
            letters: list[DeadLetter] = []
            self._write_files(self._stretches[0], letters)
            self.letters += letters
            del self._stretches[0]

    def write(self, connection: Connection, *, careful: bool) -> Written:
        """Add the files to the manifest; one that is there already is a fault of ours, not of a row."""
        if careful:
            raise RuntimeError("the manifest refuses a file: two writers had the same epoch")
        with connection.cursor() as cursor:
            cursor.executemany(
                self._queries["add_archive_file"], [line.values() for line in self._lines.values()]
            )
        return Written(self.rows, 0)

    def _write_files(self, stretch: Stretch, letters: list[DeadLetter]) -> None:
        stream = STREAMS[stretch.claim.log.topic]
        first_offset = stretch.first_offset
        for run in split(_readable(stretch, letters), self._most_rows):
            name = file_name(stretch.claim, first_offset, run[-1].offset)
            first_offset = run[-1].offset + 1
            table = stream.table_of(run, stretch.claim.log.partition)
            if table.num_rows and name not in self._lines:
                content, sha256 = parquet.write(table)
                self._folder.put(str(name), content)
                span = pc.min_max(table[stream.time]).as_py()
                self._lines[name] = ManifestLine(
                    name, table.num_rows, span["min"], span["max"], len(content), sha256
                )


def _readable(stretch: Stretch, letters: list[DeadLetter]) -> Iterator[Any]:
    """Yield the records decoded, one at a time: decoded ones are many times as large."""
    log = stretch.claim.log
    for record in stretch.records:
        try:
            yield STREAMS[log.topic].read(record)
        except Reject as error:
            letters.append(letter(log, record, "sink:archive", "unreadable", str(error)))
