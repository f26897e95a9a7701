"""Whether a request is let in: bounded memory, and a Kafka that confirms."""

from typing import Final

#: A pack that waits longer than this means that Kafka stands still.
STALL_SECONDS: Final = 2.0
#: While it seems to stand still, one request in this time is let in, to see.
PROBE_SECONDS: Final = 0.5
#: Why a request is refused while too many bytes are held.
FULL: Final = "too much waits for Kafka's confirmation"


class Gate:
    """Closes when Kafka stops confirming, and opens with its first confirmation."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._suspicious = False
        self._probe_at = 0.0

    def refusal(self, now: float, oldest_at: float | None) -> str | None:
        """Return why a request is refused, or None.

        *oldest_at* is when the oldest pack without confirmation was sent.
        """
        if self.full:
            return FULL
        if oldest_at is not None and now - oldest_at > STALL_SECONDS:
            self._suspicious = True
        if not self._suspicious:
            return None
        if now >= self._probe_at:
            self._probe_at = now + PROBE_SECONDS
            return None
        return "Kafka does not confirm at present"

    @property
    def full(self) -> bool:
        """Say whether no more bytes may be held."""
        return self._held_bytes >= self._most_bytes

    def hold(self, size: int) -> None:
        """Count *size* bytes that were let in."""
        self._held_bytes += size

    def release(self, size: int) -> None:
        """Count *size* bytes that are done with."""
        self._held_bytes -= size

    def confirmed(self) -> None:
        """A pack was confirmed."""
        self._suspicious = False

    def failed(self) -> None:
        """A pack was not confirmed, and never will be."""
        self._suspicious = True
