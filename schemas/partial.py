"""Mergeable partial aggregates: enough to answer count, sum, min, max, first and latest."""

from typing import Final

import msgspec


class Partial(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is known of the events of one row. Values are integers scaled as their meter says."""

    events: int
    sum: int
    min: int
    max: int
    first_ms: int
    first: int
    latest_ms: int
    latest: int


#: Of no event at all.
NOTHING: Final = Partial(0, 0, 0, 0, 0, 0, 0, 0)


def single(at_ms: int, value: int) -> Partial:
    """Return the partial of one event."""
    return Partial(1, value, value, value, at_ms, value, at_ms, value)


def merge(earlier: Partial, later: Partial) -> Partial:
    """Return the partial of both; *later* is the one whose events stand behind on the log.

    Where two events share a millisecond, the log's order decides: first is the earlier one
    on the log, latest the later one.
    """
    first_is_later = later.first_ms < earlier.first_ms
    latest_is_later = later.latest_ms >= earlier.latest_ms
    return Partial(
        earlier.events + later.events,
        earlier.sum + later.sum,
        min(earlier.min, later.min),
        max(earlier.max, later.max),
        later.first_ms if first_is_later else earlier.first_ms,
        later.first if first_is_later else earlier.first,
        later.latest_ms if latest_is_later else earlier.latest_ms,
        later.latest if latest_is_later else earlier.latest,
    )
