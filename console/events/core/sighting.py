"""One copy of an event on the log, and what was said of it."""

from enum import StrEnum
from typing import NamedTuple

from schemas.verdict import Fate


class Where(NamedTuple):
    """A place on the log. Places of one partition sort as they were written."""

    generation: int
    partition: int
    offset: int
    #: Place of the event in its record.
    nth: int


class Sighting(NamedTuple):
    """An event as it stands on the log."""

    where: Where
    tenant: str
    customer: str
    type: str
    source: str
    id: str
    #: None where the producer gave no time.
    given_ms: int | None
    recorded_at_ms: int
    #: Millionths; None where none was given.
    quantity_micro: int | None
    #: Canonical JSON of all else.
    rest: str

    @property
    def occurred_at_ms(self) -> int:
        """Event time."""
        return self.recorded_at_ms if self.given_ms is None else self.given_ms


class Said(NamedTuple):
    """The verdict on one event."""

    fate: Fate
    #: Reason of a refusal.
    code: str
    #: Offset of the record with the first sighting.
    first_offset: int | None


class Stored(NamedTuple):
    """How far PostgreSQL is on one partition."""

    generation: int
    source_offset: int


class Answered(StrEnum):
    """What is answered where no fate is known."""

    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"


def fate_of(where: Where, said: Said | None, stored: Stored | None) -> Fate | Answered:
    """Return what became of the event at *where*: below the progress, what has no verdict counted."""
    if said is not None:
        return said.fate
    if stored is not None and (where.generation, where.offset) <= stored:
        return Fate.COUNTED
    return Answered.IN_FLIGHT
