"""What a run is made of: how many events, for whom, and how much of it goes wrong on purpose."""

import msgspec

from schemas.instant import HOUR_MS


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Shares are of all events; the rest is simply new."""

    #: Events sent, copies included; repeats of what got no 2xx come on top.
    events: int
    seed: int
    #: Of all tenants together.
    customers: int = 100
    #: Events of one request.
    batch: int = 100
    #: Event time of the newest event.
    until_ms: int
    #: How much event time the run plays; 0: everything happens at `until_ms`.
    span_ms: int = 0
    #: Copies of an earlier event, byte for byte.
    duplicates: float = 0.02
    #: Events of windows that are closed, grace included.
    late: float = 0.01
    #: Events that the door has to reject.
    invalid: float = 0.001
    #: Copies with the id of an earlier event and other content.
    conflicts: float = 0.001
    #: Events that no meter measures.
    unmatched: float = 0.001
    #: How far back late events lie at least; the default is beyond a grace of 25 hours too.
    late_by_ms: int = 27 * HOUR_MS
    #: Begins every customer's name; empty: one that tells the seed.
    prefix: str = ""

    def customer(self, number: int) -> str:
        """Return the name of customer *number*."""
        return f"{self.prefix or f'g{self.seed}-'}{number:04d}"
