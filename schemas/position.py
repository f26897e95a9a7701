"""Where an event stands on the log, as receipts and the command line write it."""

import re
from typing import Final

import msgspec

from schemas.errors import Reject

# As many digits as a 32-bit partition or place and a 48-bit offset can have.
_POSITION: Final = re.compile(r"([^/]+)/(\d{1,9})/(\d{1,15})(?:/(\d{1,9}))?", re.ASCII)


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
    match = _POSITION.fullmatch(text)
    if match is None:
        raise Reject(f"{text!r} is no position: write topic/partition/offset, as in weir.usage/3/1042")
    topic, partition, offset, index = match.groups(default="0")
    return Position(topic, int(partition), int(offset), int(index))
