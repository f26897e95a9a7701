"""Kafka, as far as Weir relies on it: logs with offsets, in order, that compaction makes holes in."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from processors.stream.reader import Stored
from schemas.ground import TopicIdentity

#: A topic's full name and a partition.
Where = tuple[str, int]


class Kept(NamedTuple):
    """One record on a log."""

    offset: int
    at_ms: int
    key: bytes
    value: bytes


class _Message:
    """A record as confluent_kafka hands it out."""

    def __init__(self, partition: int, kept: Kept) -> None:
        self._partition = partition
        self._kept = kept

    def partition(self) -> int:
        return self._partition

    def key(self) -> bytes:
        return self._kept.key

    def value(self) -> bytes:
        return self._kept.value

    def timestamp(self) -> tuple[int, int]:
        return 1, self._kept.at_ms


class Broker:
    """All logs. Whatever is appended is there for good, but for compaction."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._logs: dict[Where, list[Kept]] = {}
        self._ends: dict[Where, int] = {}
        #: Told of every record as it is appended.
        self.watch: Callable[[Where, Kept], None] = lambda _where, _kept: None
        #: Others go on while somebody reads.
        self.meanwhile: Callable[[], None] = lambda: None

    def append(self, where: Where, key: bytes, value: bytes, at_ms: int) -> int:
        """Append a record, and return its offset."""
        kept = Kept(self.end(where), at_ms, key, value)
        self._logs.setdefault(where, []).append(kept)
        self._ends[where] = kept.offset + 1
        self.watch(where, kept)
        return kept.offset

    def end(self, where: Where) -> int:
        """Return the offset of the next record."""
        return self._ends.get(where, 0)

    def after(self, where: Where, offset: int, most: int) -> list[Kept]:
        """Return up to *most* records from *offset* on."""
        log = self._logs.get(where, [])
        start = bisect_left(log, offset, key=attrgetter("offset"))
        return log[start : start + most]

    def compact(self, where: Where, until_ms: int, before: int) -> int:
        """Leave one record of each key among those before the first that is newer than *until_ms*.

        So does Kafka, a segment at a time. Records from offset *before* on stay as they are. Returns how
        many are gone.
        """
        log = self._logs.get(where, [])
        is_clean = (kept.at_ms <= until_ms and kept.offset < before for kept in log)
        clean = next((place for place, yes in enumerate(is_clean) if not yes), len(log))
        last = {kept.key: kept.offset for kept in log[:clean]}
        left = [kept for kept in log[:clean] if last[kept.key] == kept.offset]
        self._logs[where] = left + log[clean:]
        return clean - len(left)

    # As processors and sinks ask for it.

    def earliest(self, partitions: Iterable[Where]) -> dict[Where, int]:
        return dict.fromkeys(partitions, 0)

    def latest(self, partitions: Iterable[Where]) -> dict[Where, int]:
        return {where: self.end(where) for where in partitions}

    def topics(self, names: Iterable[str]) -> dict[str, TopicIdentity]:
        return {name: identity_of(name, self._partitions) for name in names}

    def read(self, starts: Mapping[Where, int], ends: Mapping[Where, int]) -> Iterator[Stored]:
        self.meanwhile()
        for where, start in starts.items():
            for kept in self.after(where, start, self.end(where)):
                if kept.offset < ends[where]:
                    yield _Message(where[1], kept)
        self.meanwhile()


def identity_of(name: str, partitions: int) -> TopicIdentity:
    """Return the identity of the topic *name*: here it is never made anew."""
    return TopicIdentity(f"id of {name}", partitions)
