"""When packs go out: all that are open together, in rounds, as a database commits in groups.

A record has a price of its own in every process that writes, keeps or reads it, however few events it
holds, so events wait for each other, about as long as they would wait for Kafka anyway. One round is
on its way at a time, and while it is, the next one gathers. After its return the clients
that it answered come back; the next round waits for them too, for about as long as Kafka needed of late.
"""

from typing import Final

#: Beyond this, waiting for company would be felt, however slow Kafka is.
LONGEST_PAUSE_SECONDS: Final = 0.02
#: An event waits this long for the earlier round, then goes out beside it.
LONGEST_WAIT_SECONDS: Final = 0.04
#: What one confirmation weighs in the moving average: about the last three rounds of a dozen packs count.
_WEIGHT: Final = 1 / 32


class Rounds:
    """Says when a round is due. Times are seconds of the caller's clock."""

    def __init__(self, linger_seconds: float) -> None:
        """*linger_seconds*: the least pause for company; 0 means none at all, ever."""
        self._linger_seconds = linger_seconds
        #: How long Kafka lately took to confirm.
        self._flight_seconds = 0.0
        #: Most requests that were lately under way at once.
        self._crowd = 1
        self._waiting = 0
        self._first_at = 0.0
        self._free_at = 0.0

    @property
    def pause_seconds(self) -> float:
        """How long a round gathers when none is on its way."""
        if not self._linger_seconds:
            return 0.0
        return max(self._linger_seconds, min(self._flight_seconds, LONGEST_PAUSE_SECONDS))

    def joined(self, now: float) -> None:
        """A request has put its events into the open packs."""
        if not self._waiting:
            self._first_at = now
        self._waiting += 1

    def confirmed(self, flight_seconds: float, now: float) -> None:
        """Kafka has told a pack's end."""
        # An outage says nothing about how long the next confirmation takes.
        flight_seconds = min(flight_seconds, LONGEST_WAIT_SECONDS)
        self._flight_seconds += (flight_seconds - self._flight_seconds) * _WEIGHT
        self._free_at = now

    def due(self, now: float, *, free: bool) -> bool:
        """Say whether the open packs go out now; *free*: no pack is on its way."""
        if not self._waiting:
            return False
        waited = now - self._first_at
        if waited >= max(LONGEST_WAIT_SECONDS, self._linger_seconds) or not self._linger_seconds:
            return True
        if not free:
            return False
        everybody_is_here = self._waiting >= self._crowd
        return everybody_is_here or now - max(self._first_at, self._free_at) >= self.pause_seconds

    def sent(self, under_way: int) -> None:
        """The open packs went out; *under_way* counts the requests without an answer, theirs included.

        Whoever does not come back is forgotten over some rounds.
        """
        self._waiting = 0
        self._crowd = max(under_way, self._crowd * 3 // 4)

    def hurry(self) -> None:
        """Let no event wait any longer from now on."""
        self._linger_seconds = 0.0
