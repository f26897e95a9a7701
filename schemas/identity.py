"""What makes two events the same, and what makes a copy conflict with its original.

The hashes never travel in a pack: whoever reads an event computes them, so nobody can forge
them. Changing a line here changes which events are duplicates; the test vectors pin it.
"""

import re
import struct
from collections.abc import Iterable
from functools import cache
from typing import Final

from xxhash import xxh3_64_intdigest, xxh3_128_digest

from schemas.event import UsageEvent
from schemas.pack import Pack

ID_BYTES: Final = 16
CONTENT_BYTES: Final = 4
_CONTENT_MASK: Final = (1 << 8 * CONTENT_BYTES) - 1
_INT64: Final = 1 << 63
_UUID_LENGTH: Final = 36
_CANONICAL_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
#: Stand before an id's bytes, so that no text can pass for a UUID.
_BY_VALUE: Final = b"\1"
_BY_TEXT: Final = b"\0"
_UUID: Final = struct.Struct("16s")
_TIME_AND_QUANTITY: Final = struct.Struct("<qq")
#: Stands for a quantity beyond 64 bits; its decimal text then follows.
_BIG: Final = -2


def identify(event: UsageEvent) -> tuple[bytes, int]:
    """Return (id hash, content hash) of one event."""
    tenant, customer, event_type = event.series
    return (
        id_hash(scope_of(tenant, customer, event.source), id_bytes(event.id)),
        content_hash(event_type.encode(), event.given_ms, event.quantity_micro, event.rest),
    )


def identify_pack(pack: Pack) -> tuple[list[bytes], list[int]]:
    """Return (id hashes, content hashes) of a pack's events, in order, as `identify` gives them.

    Several times as fast, because what events share is made once and UUIDs stay raw.
    """
    return _id_hashes(pack), _content_hashes(pack)


def scope_of(tenant: str, customer: str, source: str) -> bytes:
    """Return the bytes within which an id is unique; no field can contain the separator NUL."""
    return f"{tenant}\0{customer}\0{source}\0".encode()


def id_bytes(event_id: str) -> bytes:
    """Return what is hashed of an id: a canonical UUID counts by its value, text by its bytes."""
    if len(event_id) == _UUID_LENGTH and _CANONICAL_UUID.fullmatch(event_id):
        return _BY_VALUE + bytes.fromhex(event_id.replace("-", ""))
    return _BY_TEXT + event_id.encode()


def id_hash(scope: bytes, id_field: bytes) -> bytes:
    """Return the 128-bit identity of the event *id_field* (see `id_bytes`) within *scope*."""
    return xxh3_128_digest(scope + id_field)


def content_hash(event_type: bytes, given_ms: int, quantity_micro: int, rest: bytes) -> int:
    """Return 32 bits over everything that a copy must share with its original.

    Time counts only where the producer gave it; the customer is part of the identity already.
    """
    head = _time_and_quantity(given_ms, quantity_micro)
    return xxh3_64_intdigest(head + event_type + b"\0" + rest) & _CONTENT_MASK


def _time_and_quantity(given_ms: int, quantity_micro: int) -> bytes:
    if quantity_micro < _INT64:
        return _TIME_AND_QUANTITY.pack(given_ms, quantity_micro)
    return _TIME_AND_QUANTITY.pack(given_ms, _BIG) + b"%d\0" % quantity_micro


def _id_hashes(pack: Pack) -> list[bytes]:
    mark, fields = _id_fields(pack.ids)
    scopes = _scopes(pack, mark)
    return [xxh3_128_digest(scope + field) for scope, field in zip(scopes, fields, strict=True)]


def _id_fields(ids: bytes | list[str]) -> tuple[bytes, Iterable[bytes]]:
    """Return the mark that all ids share, which then goes to their scopes, and the rest of each."""
    if isinstance(ids, bytes):
        return _BY_VALUE, (raw for (raw,) in _UUID.iter_unpack(ids))
    if _UUID_LENGTH in map(len, ids):
        return b"", map(id_bytes, ids)
    return _BY_TEXT, map(str.encode, ids)


def _scopes(pack: Pack, mark: bytes) -> Iterable[bytes]:
    """Return the scope of each event, with *mark* behind it."""

    def scope(series_index: int, source_index: int) -> bytes:
        tenant, customer, _ = pack.series[series_index]
        return scope_of(tenant, customer, pack.sources[source_index]) + mark

    if len(pack.sources) == 1:
        table = [scope(index, 0) for index in range(len(pack.series))]
        return map(table.__getitem__, pack.series_index)
    return map(cache(scope), pack.series_index, pack.source_index)


def _content_hashes(pack: Pack) -> list[int]:
    types = [event_type.encode() + b"\0" for _, _, event_type in pack.series]
    fit = max(pack.quantity_micro) < _INT64
    heads = map(_TIME_AND_QUANTITY.pack if fit else _time_and_quantity, pack.given_ms, pack.quantity_micro)
    columns = zip(heads, pack.series_index, pack.each_rest(), strict=True)
    return [xxh3_64_intdigest(head + types[of] + rest) & _CONTENT_MASK for head, of, rest in columns]
