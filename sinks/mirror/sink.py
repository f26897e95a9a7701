"""The mirror's sink: the newest state of each object, history, failures; from two topics into one store."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from psycopg.sql import SQL

from schemas.billing_fact import decode_fact
from schemas.dead_letter import DeadLetter
from schemas.errors import Reject
from schemas.mirror_log import ObjectKey, decode_key, decode_progress, decode_state
from schemas.topics import BILLING, MIRROR
from sinks.core.letter import letter
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.core.waiting import wait_s
from sinks.mirror.batch import Entry, MirrorBatch, Said
from sinks.mirror.core.rows import row_of
from sinks.sink import Batch

#: A batch is cut at this many records at the latest.
_MOST_RECORDS: Final = 5_000


class MirrorSink:
    """See `sinks.sink.Sink`."""

    name = "mirror"
    topics = (MIRROR, BILLING)
    #: People wait for these rows, as for those of usage.
    patience_s = 0.02

    def __init__(self, queries: Mapping[str, SQL], interval_s: float) -> None:
        """Store at least every *interval_s*."""
        self._queries = queries
        self._interval_s = interval_s
        self.begin(())

    def begin(self, claims: Iterable[Claim]) -> None:  # noqa: ARG002 # No log is treated apart.
        """Forget everything."""
        self._let_go()

    def take(self, log: Log, records: Sequence[Record]) -> None:
        """Read states, progress and facts; records that are none of it become letters."""
        for record in records:
            try:
                said = _state(record) if log.topic == MIRROR.name else decode_fact(record.value)
            except (Reject, msgspec.DecodeError) as error:
                self._letters.append(letter(log, record, "sink:mirror", "unreadable", str(error)))
            else:
                self._entries.append(Entry(log, record, said))
        self._moved[log] = records[-1].offset + 1

    def wait_s(self, last_took_s: float) -> float:
        """Return the interval, less when storing is quick."""
        return wait_s(self._interval_s, last_took_s)

    def due(self, since_last_s: float, last_took_s: float) -> bool:
        """Say yes at the interval, sooner when storing is quick, at once when the batch is full."""
        if not self._moved:
            return False
        return len(self._entries) >= _MOST_RECORDS or since_last_s >= self.wait_s(last_took_s)

    def cut(self) -> Batch | None:
        """Return all that was taken."""
        if not self._moved:
            return None
        batch = MirrorBatch(self._entries, self._moved, self._letters, self._queries)
        self._let_go()
        return batch

    def stored(self, batch: Batch, now_ms: int) -> None:
        """Nothing to learn."""

    def _let_go(self) -> None:
        self._entries: list[Entry] = []
        self._letters: list[DeadLetter] = []
        self._moved: dict[Log, int] = {}


def _state(record: Record) -> Said:
    key = decode_key(record.key)
    if isinstance(key, ObjectKey):
        return row_of(key, decode_state(record.value))
    return decode_progress(record.value)
