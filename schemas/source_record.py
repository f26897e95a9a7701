"""One record of `weir.usage`, whoever wrote it: a pack of the ingress, or CloudEvents by themselves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.admission import EventRejected, read_event, text_fault
from schemas.errors import MALFORMED, Reject
from schemas.event import UsageEvent
from schemas.pack import CONTENT_TYPE, Pack, decode_pack, pack_of

CLOUDEVENT: Final = "application/cloudevents+json"
CLOUDEVENTS: Final = "application/cloudevents-batch+json"
CONTENT_TYPE_HEADER: Final = "content-type"
TENANT_HEADER: Final = "tenant"
#: Events of one CloudEvents batch.
MAX_BATCH: Final = 1_000


class SourceEvents(NamedTuple):
    """The events of one record. `places[i]` is where event i of `pack` stands in the record."""

    #: None where every event is invalid.
    pack: Pack | None
    places: Sequence[int]
    #: Places of events that break the rules of the door.
    invalid: tuple[int, ...] = ()


def read_record(value: bytes, headers: Mapping[str, bytes], recorded_at_ms: int) -> SourceEvents:
    """Return the events in *value*, told apart by the content type in its *headers*.

    Times of CloudEvents are held against *recorded_at_ms*. Raises Reject for what nobody can
    read, and UnknownPackVersion.
    """
    content_type = headers.get(CONTENT_TYPE_HEADER, CONTENT_TYPE.encode()).decode("latin-1")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == CONTENT_TYPE:
        pack = decode_pack(value)
        return SourceEvents(pack, range(pack.count))
    if media_type not in (CLOUDEVENT, CLOUDEVENTS):
        raise Reject(f"content type {content_type!r} is neither a pack nor CloudEvents")
    tenant = headers.get(TENANT_HEADER, b"").decode("utf-8", "replace")
    if text_fault("/tenant", tenant) is not None:
        raise Reject("a CloudEvents record needs its tenant in the header 'tenant'")
    return _read_each(_split(value) if media_type == CLOUDEVENTS else [value], tenant, recorded_at_ms)


def header_map(headers: Iterable[tuple[str, bytes | None]] | None) -> dict[str, bytes]:
    """Return a record's headers as clients give them, by lower case name."""
    return {name.lower(): value for name, value in headers or () if value is not None}


def _split(value: bytes) -> list[bytes]:
    try:
        raws = msgspec.json.decode(value, type=list[msgspec.Raw])
    except MALFORMED as error:
        raise Reject(f"not a JSON array: {error}") from None
    if not 1 <= len(raws) <= MAX_BATCH:
        # Each event may need a verdict, and all verdicts on a record have to fit into one.
        raise Reject(f"a batch holds 1 to {MAX_BATCH} events, not {len(raws)}")
    return [bytes(raw) for raw in raws]


def _read_each(raws: Sequence[bytes], tenant: str, recorded_at_ms: int) -> SourceEvents:
    events: list[UsageEvent] = []
    places: list[int] = []
    invalid: list[int] = []
    for place, raw in enumerate(raws):
        try:
            events.append(read_event(raw, tenant, recorded_at_ms))
            places.append(place)
        except EventRejected:
            invalid.append(place)
    return SourceEvents(pack_of(events) if events else None, places, tuple(invalid))
