"""Where an event stands on the log, as receipts and the command line write it."""

import msgspec

from schemas.errors import Reject


class Position(msgspec.Struct, frozen=True, order=True):
    """One event: topic, partition, offset of its record, and its place in that record."""

    topic: str
    partition: int
    offset: int
    index: int = 0

    def __str__(self) -> str:
        """Write it as `weir.usage/3/1042/17`."""
        return f"{self.topic}/{self.partition}/{self.offset}/{self.index}"


def parse_position(text: str) -> Position:
    """Return the position that *text* names; the index may be left out for a whole record.

    Raises Reject.
    """
    topic, *numbers = text.split("/")
    if topic and len(numbers) in (2, 3) and all(n.isascii() and n.isdigit() for n in numbers):
        return Position(topic, *map(int, numbers))
    raise Reject(f"{text!r} is no position: write topic/partition/offset, as in weir.usage/3/1042")
