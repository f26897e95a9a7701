"""`weir.seen`: which ids counted in a source record. A replayed record reads its decision back."""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.errors import Reject
from schemas.identity import CONTENT_BYTES, ID_BYTES

ENTRY_BYTES: Final = ID_BYTES + CONTENT_BYTES
_OFFSET_BYTES: Final = 8


def offset_key(offset: int) -> bytes:
    """Return the record key of a source offset (big-endian, so that keys sort as offsets)."""
    return offset.to_bytes(_OFFSET_BYTES, "big")


def parse_offset_key(key: bytes) -> int:
    """Return the source offset in *key*. Raises Reject."""
    if len(key) != _OFFSET_BYTES:
        message = f"{key!r} is no source offset"
        raise Reject(message)
    return int.from_bytes(key, "big")


def encode_seen(entries: Iterable[tuple[bytes, int]]) -> bytes:
    """Return the value for (id hash, content hash) of each event that counted or was late."""
    return b"".join([id_hash + content.to_bytes(CONTENT_BYTES, "little") for id_hash, content in entries])


def decode_seen(value: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield (id hash, content hash). Raises Reject on a length that cannot be."""
    if len(value) % ENTRY_BYTES:
        message = f"a seen record of {len(value)} bytes is cut off"
        raise Reject(message)
    for start in range(0, len(value), ENTRY_BYTES):
        middle = start + ID_BYTES
        yield (
            value[start:middle],
            int.from_bytes(value[middle : middle + CONTENT_BYTES], "little"),
        )
