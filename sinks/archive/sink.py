"""The archive sink: gathers the columns of files to be, and writes the files when it is time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from psycopg.sql import SQL

from schemas.dead_letter import DeadLetter
from schemas.errors import Reject
from sinks.archive.batch import ArchiveBatch, Unwritten
from sinks.archive.core.runs import Runs
from sinks.archive.folder import Folder
from sinks.archive.stream import STREAMS
from sinks.core.letter import letter
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.sink import Batch

#: Bytes of records, about as many as their columns have, held before files are made of them.
_MOST_BYTES: Final = 32 * 2**20


class ArchiveSink:
    """See `sinks.sink.Sink`."""

    name = "archive"
    topics = tuple(stream.topic for stream in STREAMS.values())
    #: A file waits for seconds.
    patience_s = 0.5

    def __init__(self, folder: Folder, queries: Mapping[str, SQL], interval_s: float, most_rows: int) -> None:
        """Make files every *interval_s* at the latest, of at most *most_rows* rows."""
        self._folder = folder
        self._queries = queries
        self._interval_s = interval_s
        self._most_rows = most_rows
        self.begin(())

    def begin(self, claims: Iterable[Claim]) -> None:
        """Forget everything, and start with these logs alone."""
        self._claims = {claim.log: claim for claim in claims}
        self._next_offsets = {log: claim.next_offset for log, claim in self._claims.items()}
        self._let_go()

    def take(self, log: Log, records: Sequence[Record]) -> None:
        """Decode *records* and hold their columns. Raises UnknownPackVersion."""
        runs = self._held.get(log) or self._open(log)
        read = STREAMS[log.topic].read
        for record in records:
            try:
                runs.add(read(record))
            except Reject as error:
                self._letters.append(letter(log, record, "sink:archive", "unreadable", str(error)))
            self._bytes += len(record.value)
        self._next_offsets[log] = records[-1].offset + 1

    def wait_s(self, last_took_s: float) -> float:
        """Return the interval."""
        del last_took_s
        return self._interval_s

    def due(self, since_last_s: float, last_took_s: float) -> bool:
        """Say yes at the interval, or when enough bytes are held."""
        return self._bytes >= _MOST_BYTES or (bool(self._held) and since_last_s >= self.wait_s(last_took_s))

    def cut(self) -> Batch | None:
        """Return all that is held."""
        if not self._held:
            return None
        files = [
            Unwritten(self._claims[log], run)
            for log, runs in sorted(self._held.items())
            for run in runs.end()
        ]
        moved = {log: self._next_offsets[log] for log in self._held}
        letters = self._letters
        self._let_go()
        return ArchiveBatch(files, letters, moved, self._folder, self._queries)

    def stored(self, batch: Batch, now_ms: int) -> None:
        """Nothing to learn."""

    def _open(self, log: Log) -> Runs:
        runs = self._held[log] = Runs(self._next_offsets[log], self._most_rows, STREAMS[log.topic].columns)
        return runs

    def _let_go(self) -> None:
        self._held: dict[Log, Runs] = {}
        self._letters: list[DeadLetter] = []
        self._bytes = 0
