"""Events of many requests share packs: which pack an event goes to, and whom its end concerns."""

from collections.abc import Callable, Sequence
from typing import Final

from schemas.event import UsageEvent
from schemas.pack import MAX_EVENTS

MAX_PACK_BYTES: Final = 256 * 1024
#: Room in a pack is counted in bytes alone; an event takes at least the share of MAX_EVENTS.
LEAST_SHARE: Final = -(-MAX_PACK_BYTES // (MAX_EVENTS - 1))


class Ticket:
    """One request that waits for its packs. Settled once: by its last pack, or by its deadline."""

    __slots__ = ("_on_settled", "_open", "settled")

    def __init__(self, on_settled: Callable[[bool], None]) -> None:
        """Call *on_settled* with True when all packs are confirmed, False as soon as one is not."""
        self._on_settled = on_settled
        self._open = 0
        self.settled = False

    def expect(self) -> None:
        """Wait for one more pack."""
        self._open += 1

    def pack_done(self, *, confirmed: bool) -> None:
        """Take note of a pack's end."""
        self._open -= 1
        if not confirmed or self._open == 0:
            self.settle(confirmed=confirmed)

    def settle(self, *, confirmed: bool) -> None:
        """Settle it, unless it is settled."""
        if not self.settled:
            self.settled = True
            self._on_settled(confirmed)


class Pack:
    """Events of one partition on their way to the log."""

    __slots__ = ("events", "newest", "partition", "position", "size", "tickets")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.events: list[UsageEvent] = []
        #: Shares of its events, about their bytes.
        self.size = 0
        self.tickets: list[Ticket] = []
        #: The last of them; a request puts all of its events in before the next one does.
        self.newest: Ticket | None = None
        #: Position of its record with a closing slash, once it is confirmed.
        self.position = ""


#: Where an event of a request stands: its pack, and its place in it.
Place = tuple[Pack, int]


class OpenPacks:
    """The pack of each partition that still takes events."""

    def __init__(self, partitions: int) -> None:
        self._open = [Pack(partition) for partition in range(partitions)]

    def put(
        self, events: Sequence[UsageEvent], partitions: Sequence[int], share: int, ticket: Ticket
    ) -> tuple[list[Place], list[Pack]]:
        """Return each event's place, and the packs that are full now.

        *share* is about the bytes of one event.
        """
        share = max(share, LEAST_SHARE)
        packs = self._open
        places: list[Place] = []
        full: list[Pack] = []
        for event, partition in zip(events, partitions, strict=True):
            pack = packs[partition]
            rows = pack.events
            if pack.newest is not ticket:
                pack.newest = ticket
                pack.tickets.append(ticket)
                ticket.expect()
            places.append((pack, len(rows)))
            rows.append(event)
            pack.size += share
            if pack.size >= MAX_PACK_BYTES:
                full.append(pack)
                packs[partition] = Pack(partition)
        return places, full

    def take(self) -> list[Pack]:
        """Return, and replace, every pack that holds an event."""
        taken = [pack for pack in self._open if pack.events]
        for pack in taken:
            self._open[pack.partition] = Pack(pack.partition)
        return taken
