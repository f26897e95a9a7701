"""The stamp of a piece of state: which source record was last applied to it.

Offsets start anew when a topic is made anew, so the topic's generation stands above them:
stamps of one partition compare across generations.
"""

from typing import Final

from schemas.errors import Reject

OFFSET_BITS: Final = 48
_OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
#: Below every real stamp.
NEVER: Final = -1


def stamp_of(generation: int, offset: int) -> int:
    """Return the stamp of *offset* in the topic's *generation*; fits into 63 bits."""
    return generation << OFFSET_BITS | offset


def generation_of(stamp: int) -> int:
    """Return the generation in *stamp*."""
    return stamp >> OFFSET_BITS


def offset_of(stamp: int) -> int:
    """Return the source offset in *stamp*."""
    return stamp & _OFFSET_MASK


def leading_stamp(value: bytes) -> int:
    """Return the stamp of an encoded array that begins with it; nothing else is read. Raises Reject."""
    head = value[1 : value.find(b",")]
    if value[:1] != b"[" or not head.lstrip(b"-").isdigit():
        raise Reject("no array that begins with a stamp")
    return int(head)
