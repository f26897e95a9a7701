"""Which log, and which stretch of it: what all sinks speak of."""

from typing import NamedTuple


class Log(NamedTuple):
    """One partition of a topic, by the topic's short name."""

    topic: str
    partition: int

    def __str__(self) -> str:
        """Write it as `usage/3`."""
        return f"{self.topic}/{self.partition}"


class Claim(NamedTuple):
    """The right to write for one log, until somebody claims it with a higher epoch."""

    log: Log
    #: Generation of the topic: offsets count anew in each.
    generation: int
    #: Everything below is stored.
    next_offset: int
    epoch: int


class Span(NamedTuple):
    """Offsets of one log, both included."""

    log: Log
    generation: int
    first_offset: int
    last_offset: int


class Bounds(NamedTuple):
    """What a log still has: [earliest, end)."""

    earliest: int
    end: int


class LogShrunk(NamedTuple):
    """The log ends below what is stored: it is not the log that was stored."""

    claim: Claim
    end: int


def look_at(claim: Claim, bounds: Bounds) -> Claim | Span | LogShrunk:
    """Return *claim* where its log goes on, the lost Span where retention was faster, or LogShrunk."""
    if bounds.end < claim.next_offset:
        return LogShrunk(claim, bounds.end)
    if bounds.earliest > claim.next_offset:
        return Span(claim.log, claim.generation, claim.next_offset, bounds.earliest - 1)
    return claim
