"""The archive sink: holds records as they came, and makes files of them when it is time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from psycopg.sql import SQL

from schemas.topics import USAGE, VERDICTS
from sinks.archive.batch import ArchiveBatch, Stretch
from sinks.archive.folder import Folder
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.sink import Batch

#: Bytes of records held before files are made of them; columns of one partition come on top.
_MOST_BYTES: Final = 32 * 2**20


class ArchiveSink:
    """See `sinks.sink.Sink`."""

    name = "archive"
    topics = (USAGE, VERDICTS)

    def __init__(self, folder: Folder, queries: Mapping[str, SQL], interval_s: float, most_rows: int) -> None:
        """Make files every *interval_s* at the latest, of at most *most_rows* rows."""
        self._folder = folder
        self._queries = queries
        self._interval_s = interval_s
        self._most_rows = most_rows
        self._claims: dict[Log, Claim] = {}
        self._held: dict[Log, list[Record]] = {}
        self._next_offsets: dict[Log, int] = {}
        self._bytes = 0

    def begin(self, claims: Iterable[Claim]) -> None:
        """Forget everything, and start with these logs alone."""
        self._claims = {claim.log: claim for claim in claims}
        self._next_offsets = {log: claim.next_offset for log, claim in self._claims.items()}
        self._held = {}
        self._bytes = 0

    def take(self, log: Log, records: Sequence[Record]) -> None:
        """Hold *records*."""
        self._held.setdefault(log, []).extend(records)
        self._bytes += sum(len(record.value) for record in records)

    def due(self, since_last_s: float, last_took_s: float) -> bool:
        """Say yes at the interval, or when enough bytes are held."""
        del last_took_s
        return self._bytes >= _MOST_BYTES or (bool(self._held) and since_last_s >= self._interval_s)

    def cut(self) -> Batch | None:
        """Return all that is held."""
        if not self._held:
            return None
        stretches = [
            Stretch(self._claims[log], self._next_offsets[log], records)
            for log, records in sorted(self._held.items())
        ]
        self._next_offsets.update({each.claim.log: each.next_offset for each in stretches})
        self._held = {}
        self._bytes = 0
        return ArchiveBatch(stretches, self._folder, self._most_rows, self._queries)

    def stored(self, batch: Batch, now_ms: int) -> None:
        """Nothing to learn."""
