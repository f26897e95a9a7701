"""What makes two events the same, and what makes a copy conflict with its original.

The hashes never travel in a pack: whoever reads an event computes them, so nobody can forge
them. Changing a line here changes which events are duplicates; the test vectors pin it.
"""

import re
import struct
from typing import Final

from xxhash import xxh3_64_intdigest, xxh3_128_digest

from schemas.event import UsageEvent

ID_BYTES: Final = 16
CONTENT_BYTES: Final = 4
_CONTENT_MASK: Final = (1 << 8 * CONTENT_BYTES) - 1
_INT64: Final = 1 << 63
_UUID_LENGTH: Final = 36
_CANONICAL_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII
)
_TIME_AND_QUANTITY: Final = struct.Struct("<qq")
#: Stands for a quantity beyond 64 bits; its decimal text then follows.
_BIG: Final = -2


def scope_of(tenant: str, customer: str, source: str) -> bytes:
    """Return the bytes within which an id is unique; no field can contain the separator NUL."""
    return f"{tenant}\0{customer}\0{source}\0".encode()


def id_bytes(event_id: str) -> bytes:
    """Return what is hashed of an id: a canonical UUID counts by its value, text by its bytes."""
    if len(event_id) == _UUID_LENGTH and _CANONICAL_UUID.fullmatch(event_id):
        return b"\1" + bytes.fromhex(event_id.replace("-", ""))
    return b"\0" + event_id.encode()


def id_hash(scope: bytes, id_field: bytes) -> bytes:
    """Return the 128-bit identity of the event *id_field* (see `id_bytes`) within *scope*."""
    return xxh3_128_digest(scope + id_field)


def content_hash(event_type: bytes, given_ms: int, quantity_micro: int, rest: bytes) -> int:
    """Return 32 bits over everything that a copy must share with its original.

    Time counts only where the producer gave it; the customer is part of the identity already.
    """
    if quantity_micro < _INT64:
        head = _TIME_AND_QUANTITY.pack(given_ms, quantity_micro)
    else:
        head = _TIME_AND_QUANTITY.pack(given_ms, _BIG) + str(quantity_micro).encode()
    return xxh3_64_intdigest(head + event_type + b"\0" + rest) & _CONTENT_MASK


def identify(event: UsageEvent) -> tuple[bytes, int]:
    """Return (id hash, content hash) of one event."""
    tenant, customer, event_type = event.series
    return (
        id_hash(scope_of(tenant, customer, event.source), id_bytes(event.id)),
        content_hash(event_type.encode(), event.given_ms, event.quantity_micro, event.rest),
    )
