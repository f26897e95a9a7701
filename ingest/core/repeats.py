"""Copies within one request. They are published all the same: what counts is decided behind the log."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from schemas.event import UsageEvent


class Status(StrEnum):
    """What a receipt says of one event."""

    ACCEPTED = "accepted"
    #: The same id again, with the same content.
    DUPLICATE = "duplicate"
    #: The same id again, with other content.
    CONFLICT = "conflict"
    REJECTED = "rejected"


def repeats(events: Sequence[UsageEvent]) -> dict[int, Status]:
    """Return which of *events* repeat an earlier one of them, by place."""
    ids = [event.id for event in events]
    if len(set(ids)) == len(ids):
        return {}
    often = {event_id for event_id, times in Counter(ids).items() if times > 1}
    found: dict[int, Status] = {}
    first: dict[tuple[str, str, str], UsageEvent] = {}
    for place in [place for place, event_id in enumerate(ids) if event_id in often]:
        event = events[place]
        identity = (event.series.customer, event.source, event.id)
        if identity not in first:
            first[identity] = event
        else:
            found[place] = Status.DUPLICATE if event == first[identity] else Status.CONFLICT
    return found
