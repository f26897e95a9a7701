"""The usage event as every part of Weir knows it."""

from typing import Final, NamedTuple

#: `given_ms` of an event whose producer gave no time: it occurred when its record was appended.
NOT_GIVEN: Final = -1
#: `quantity_micro` of an event that named no quantity: its meter says what that means.
NO_QUANTITY: Final = -1


class Series(NamedTuple):
    """Who used what."""

    tenant: str
    customer: str
    #: The event type. In the short form of the API it is called `meter`.
    type: str


class UsageEvent(NamedTuple):
    """One event as its producer sent it; `id` is unique within tenant, customer and source."""

    series: Series
    #: Event time in milliseconds UTC, or NOT_GIVEN.
    given_ms: int
    #: Quantity in millionths of the meter's unit, or NO_QUANTITY.
    quantity_micro: int
    source: str
    id: str
    #: Canonical JSON object of all else (`data` without its quantity, extensions); b"" if nothing.
    rest: bytes

    def occurred_at_ms(self, recorded_at_ms: int) -> int:
        """Return the event time: the producer's, else the broker's append time of its record."""
        return recorded_at_ms if self.given_ms == NOT_GIVEN else self.given_ms
