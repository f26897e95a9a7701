"""`weir.seen`: which ids counted in a source record. A replayed record reads its decision back."""

import struct
from collections.abc import Iterable, Iterator
from itertools import starmap
from typing import Final

from schemas.errors import Reject
from schemas.identity import CONTENT_BYTES, ID_BYTES

#: Id hash and, little-endian, content hash.
_ENTRY: Final = struct.Struct("<16sI")
ENTRY_BYTES: Final = ID_BYTES + CONTENT_BYTES
_OFFSET_BYTES: Final = 8


def offset_key(offset: int) -> bytes:
    """Return the record key of a source offset (big-endian, so that keys sort as offsets)."""
    return offset.to_bytes(_OFFSET_BYTES, "big")


def parse_offset_key(key: bytes) -> int:
    """Return the source offset in *key*. Raises Reject."""
    if len(key) != _OFFSET_BYTES:
        raise Reject(f"{key!r} is no source offset")
    return int.from_bytes(key, "big")


def encode_seen(entries: Iterable[tuple[bytes, int]]) -> bytes:
    """Return the value for (id hash, content hash) of each event that counted or was late."""
    return b"".join(starmap(_ENTRY.pack, entries))


def decode_seen(value: bytes) -> Iterator[tuple[bytes, int]]:
    """Return each (id hash, content hash). Raises Reject on a length that cannot be."""
    if len(value) % ENTRY_BYTES:
        raise Reject(f"a seen record of {len(value)} bytes is cut off")
    return _ENTRY.iter_unpack(value)
