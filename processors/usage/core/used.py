"""Live rows of quotas: what was used in a period, and how many events a tenant sent in a month."""

from typing import Final, Self

from processors.usage.core.rows import UsageRow
from schemas import quota
from schemas.quota import Crossing
from schemas.stamp import NEVER

#: No judgement yet.
UNJUDGED: Final = -1


class UsedRow(UsageRow):
    """What one customer used of one meter in one period."""

    __slots__ = ("about", "crossings", "judged_in", "watched_events", "watched_total")

    def __init__(self, about: quota.UsedKey) -> None:
        """Start empty."""
        super().__init__(quota.encode(about))
        self.about = about
        self.crossings: tuple[Crossing, ...] = ()
        #: What the judge keeps here: what it judged by, and from which total or how many events on it has
        #: to look again.
        self.judged_in = UNJUDGED
        self.watched_total = self.watched_events = 0

    def stand_in(self) -> Self:
        """Return a row of the same key that nobody will read."""
        return type(self)(self.about)

    def restore_used(self, saved: quota.UsedRow) -> None:
        """Become what was written down."""
        self.become(saved.partial)
        self.crossings = saved.crossings
        self.stamp = saved.stamp

    def encode(self) -> bytes:
        """Return the record's value, a schemas.quota.UsedRow."""
        return quota.encode((self.stamp, self.partial(), self.crossings))


class EventsRow:
    """Events of one tenant in one month, in one partition."""

    __slots__ = ("dirty", "events", "key", "stamp")

    def __init__(self, key: bytes) -> None:
        """Start empty; *key* is the encoded quota key."""
        self.key = key
        self.dirty = False
        self.stamp = NEVER
        self.events = 0

    def stand_in(self) -> Self:
        """Return a row of the same key that nobody will read."""
        return type(self)(self.key)

    def restore(self, saved: quota.EventsRow) -> None:
        """Become what was written down."""
        self.events, self.stamp = saved.events, saved.stamp

    def encode(self) -> bytes:
        """Return the record's value, a schemas.quota.EventsRow."""
        return quota.encode((self.stamp, self.events))


QuotaRow = UsedRow | EventsRow
