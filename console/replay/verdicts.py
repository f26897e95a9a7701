"""The fate of each event that did not simply count: what was said of it, and what is said once more.

What was said stands in the archive and on `weir.verdicts`, in no table of PostgreSQL.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import msgspec

from console.books.core.manifest import ArchiveFile, next_offsets
from console.replay.archive import read_file
from console.replay.log_tail import tail
from console.table_hash import TableHash
from runtime.broker import Broker
from runtime.settings import Settings
from schemas.seen import parse_offset_key
from schemas.topics import VERDICTS, topic_name
from schemas.verdict import PROGRESS_KEY, Fate, Refusal, Verdict, decode_verdicts

#: The archive has events, not the headers of their records, so it cannot tell these from each other.
_ALIKE: Final = frozenset({Refusal.UNREADABLE, Refusal.INVALID, Refusal.SKIPPED})
_COLUMNS: Final = ("offset", "recorded_at_ms", "index", "fate", "code", "duplicate_of")

_encode: Final = msgspec.json.Encoder().encode


class Said(NamedTuple):
    """All verdicts on one record of `weir.usage`."""

    offset: int
    recorded_at_ms: int
    verdicts: Sequence[Verdict]


def said(key: bytes, value: bytes) -> Said:
    """Return what a record of `weir.verdicts` says. Raises Reject."""
    record = decode_verdicts(value)
    return Said(parse_offset_key(key), record.recorded_at_ms, record.verdicts)


class PartitionVerdicts:
    """The verdicts on the records of one partition, as a number and a hash."""

    def __init__(self) -> None:
        """Start before the first record."""
        self.rows = 0
        self._digest = hashlib.sha256()
        self._last_offset = -1

    def add(self, each: Said) -> None:
        """Take the verdicts on the next record; what was said twice, as after a kill, is taken once."""
        if each.offset <= self._last_offset:
            return
        self._last_offset = each.offset
        for verdict in dict.fromkeys(each.verdicts):
            code = Refusal.INVALID if verdict.code in _ALIKE else verdict.code
            line = (each.offset, each.recorded_at_ms, verdict.index, verdict.fate, code, verdict.first_offset)
            self._digest.update(_encode(line) + b"\n")
            self.rows += 1

    def digest(self) -> bytes:
        """Return the hash of all that was taken."""
        return self._digest.digest()


def hash_verdicts(found: Mapping[int, PartitionVerdicts]) -> TableHash:
    """Return the hash of what was *found* by partition."""
    digest = hashlib.sha256()
    for partition, verdicts in sorted(found.items()):
        digest.update(b"%d:" % partition + verdicts.digest())
    return TableHash(VERDICTS.name, sum(each.rows for each in found.values()), digest.hexdigest())


class VerdictSource:
    """What was said, in the order in which it was: the archive, and the log behind it."""

    def __init__(self, settings: Settings, files: Sequence[ArchiveFile], generation: int) -> None:
        """Read *files*, then the log, whose offsets are of *generation*."""
        self._settings = settings
        self._files = files
        self._generation = generation

    def read(self, partition: int, last_offset: int) -> PartitionVerdicts:
        """Return the verdicts on the records of *partition* up to *last_offset*. Raises TryAgain."""
        found = PartitionVerdicts()
        for each in self._all(partition):
            if each.offset <= last_offset:
                found.add(each)
        return found

    def _all(self, partition: int) -> Iterator[Said]:
        for file in self._files:
            if file.partition == partition:
                yield from self._archived(file)
        yield from self._logged(partition, next_offsets(self._files, self._generation).get(partition, 0))

    def _archived(self, file: ArchiveFile) -> Iterator[Said]:
        rows = read_file(self._settings, file, _COLUMNS)
        rows = rows.sort_by([("offset", "ascending"), ("index", "ascending")])
        lines: Iterable[tuple[int, int, int, str, str, int | None]] = zip(
            *(rows[name].to_pylist() for name in _COLUMNS), strict=True
        )
        for (offset, recorded_at_ms), of_one in groupby(lines, key=lambda line: line[:2]):
            verdicts = [Verdict(index, Fate(fate), code, first) for _, _, index, fate, code, first in of_one]
            yield Said(offset, recorded_at_ms, verdicts)

    def _logged(self, partition: int, start: int) -> Iterator[Said]:
        where = (topic_name(self._settings.topic_prefix, VERDICTS), partition)
        for message in tail(self._settings, Broker.of(self._settings, "replay"), where, start):
            key = message.key() or b""
            if key != PROGRESS_KEY:
                yield said(key, message.value() or b"")
