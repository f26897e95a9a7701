"""What the shell hands to a job, and what a job hands back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class SourceRecord(NamedTuple):
    """One record of the source topic, as read."""

    offset: int
    #: The broker's append time.
    recorded_at_ms: int
    value: bytes
    #: By lower case name.
    headers: Mapping[str, bytes]


class NewRecord(NamedTuple):
    """One record to be written."""

    key: bytes
    #: An empty one is written as null, which deletes the key of a compacted topic.
    value: bytes
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Append:
    """Records for one partition of one topic, to be appended in order."""

    topic: str
    partition: int
    records: Sequence[NewRecord]
    #: A changelog has one writer: an offset that is not the expected one means a second.
    is_changelog: bool = False


def together(appends: Iterable[Append]) -> list[Append]:
    """Return one append for each partition of a topic, with the records of all that are for it, in order.

    Several at once would wait for each other, a round trip each: alerts of one tenant come from many
    partitions of the source.
    """
    found: dict[tuple[str, int], Append] = {}
    for append in appends:
        where = append.topic, append.partition
        before = found.get(where)
        found[where] = (
            append if before is None else replace(before, records=[*before.records, *append.records])
        )
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Flush:
    """What one batch of one partition has to make durable, step by step, before it is done."""

    partition: int
    last_offset: int
    #: Append time of that record.
    record_time_ms: int
    #: A step starts when the one before it is acknowledged, and when the same step of the
    #: batch before is.
    steps: Sequence[Sequence[Append]] = field(default_factory=tuple)
