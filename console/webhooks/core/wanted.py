"""Which deliveries are asked for, and the marks by which they are found."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from console.webhooks.core.handling import Asked
from schemas.errors import Reject
from schemas.instant import DAY_MS
from schemas.webhook_marks import UNHANDLED, Kind, Marks, day_of_record, words_of_text

#: What a delivery is: the first of its event, one that says the same, or one that says something else.
Sighting = Literal["first", "repeat", "conflict"]

#: Words of one question.
MOST_WORDS: Final = 16


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a delivery stands in the record, which is read from the newest one down."""

    recorded_at_ms: int
    generation: int
    partition: int
    offset: int


#: Above every delivery.
TOP: Final = Place(2**62, 0, 0, 0)


class Wanted(NamedTuple):
    """Which deliveries; None or nothing: any."""

    #: Id.
    tenant: str
    type: str | None = None
    object_id: str | None = None
    sighting: Sighting | None = None
    status: Asked | None = None
    #: All of them, wherever they stand in what the event says.
    words: tuple[str, ...] = ()
    #: Recorded in [from, to).
    from_ms: int = 0
    to_ms: int = TOP.recorded_at_ms
    below: Place = TOP

    @property
    def has_marks(self) -> bool:
        """Say whether more than a tenant and a span is asked for."""
        named = self.type or self.object_id or self.sighting or self.status == UNHANDLED
        return bool(self.words or named)

    def marks(self, day: int) -> list[int]:
        """Return the marks that a delivery of *day* has if it is wanted."""
        marks = Marks(self.tenant, day)
        named = (
            (Kind.TYPE, self.type),
            (Kind.OBJECT, self.object_id),
            (Kind.SIGHTING, self.sighting),
            (Kind.HANDLING, UNHANDLED if self.status == UNHANDLED else None),
        )
        return [*(marks.of(kind, text) for kind, text in named if text), *marks.of_words(self.words)]


class Day(NamedTuple):
    """One day of the record, and the marks that its deliveries have if they are wanted."""

    start_ms: int
    marks: list[int]


def days_of(wanted: Wanted, first_ms: int, last_ms: int) -> Iterator[Day]:
    """Yield the days from that of *last_ms* down to that of *first_ms*."""
    for day in range(day_of_record(last_ms), day_of_record(first_ms) - 1, -1):
        yield Day(day * DAY_MS, wanted.marks(day))


def words_wanted(text: str) -> tuple[str, ...]:
    """Return the words of *text*, which a person looks for. Raises Reject."""
    words = tuple(words_of_text(text))
    if not words:
        raise Reject("holds no word: write letters or digits, such as an id, a name or an e-mail address")
    if len(words) > MOST_WORDS:
        raise Reject(f"holds {len(words)} words: {MOST_WORDS} at most")
    return words
