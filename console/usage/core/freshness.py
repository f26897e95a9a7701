"""Up to when an answer is complete: everything appended to the log before that moment is in it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from schemas.instant import SECOND_MS, format_instant
from schemas.progress import complete_through


class Progress(NamedTuple):
    """How far PostgreSQL is on one partition of the log."""

    generation: int
    source_offset: int
    #: Newest append time of the records up to there.
    record_time_ms: int


class LogEnds(NamedTuple):
    """Where the log ended when somebody looked; the look began at *asked_at_ms*."""

    asked_at_ms: int
    #: Offset of each partition's next record.
    next_offsets: Mapping[int, int]


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside every number, at the end of an answer."""

    #: Everything that the log had confirmed before this moment is in the numbers; None while nothing is
    #: known of one of the partitions.
    complete_through: str | None
    #: Newest offset of `weir.usage` in the numbers; by partition where they are of several.
    as_of_offset: int | dict[str, int | None] | None
    #: Age of complete_through.
    lag_seconds: float | None


class Freshness(Dated, frozen=True, kw_only=True):
    """How complete an answer is."""

    complete_through_ms: int | None

    def stated(self) -> dict[str, Any]:
        """Return the members of `Dated`."""
        return {name: getattr(self, name) for name in Dated.__struct_fields__}


def freshness(
    partitions: Iterable[int],
    progress: Mapping[int, Progress],
    ends: LogEnds | None,
    generation: int,
    now_ms: int,
) -> Freshness:
    """Return the freshness of an answer over *partitions* of the log's *generation*.

    *ends* must have been looked at before *progress* was read; None if Kafka did not say.
    """
    numbers = list(partitions)
    through = [_through(progress.get(number), ends, number, generation) for number in numbers]
    offsets = {str(number): _offset(progress.get(number), generation) for number in numbers}
    as_of = offsets if len(numbers) != 1 else offsets[str(numbers[0])]
    known = [at_ms for at_ms in through if at_ms is not None]
    if len(known) < len(through) or not known:
        return Freshness(
            complete_through=None, as_of_offset=as_of, lag_seconds=None, complete_through_ms=None
        )
    least = min(known)
    return Freshness(
        complete_through=format_instant(least),
        as_of_offset=as_of,
        lag_seconds=max(now_ms - least, 0) / SECOND_MS,
        complete_through_ms=least,
    )


def _through(progress: Progress | None, ends: LogEnds | None, partition: int, generation: int) -> int | None:
    """Return up to when one partition is complete."""
    offset = _offset(progress, generation)
    return complete_through(
        0 if offset is None else offset + 1,
        progress.record_time_ms if progress is not None else None,
        ends.next_offsets.get(partition) if ends is not None else None,
        ends.asked_at_ms if ends is not None else 0,
    )


def _offset(progress: Progress | None, generation: int) -> int | None:
    """Return the newest offset of *generation* that is stored; an older log's offsets say nothing of it."""
    return progress.source_offset if progress is not None and progress.generation == generation else None
