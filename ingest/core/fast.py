"""The fast reading: common shapes of events, a whole batch at once.

It takes events or leaves them; it never refuses one. What it takes, it reads exactly as
`schemas.admission.read_event` does, which a property test holds it to. It leaves a batch as soon as
anything in it is unusual: escapes, unknown members, nested data, a name that stands twice, a fault.
"""

from typing import Final, NamedTuple

import msgspec

from ingest.core.instants import Instants
from ingest.core.learned import DataObjects, Quantities, Sources, Unusual
from ingest.core.routes import Route, TenantRoutes
from schemas.admission import AHEAD_MS, MAX_TEXT, OLDEST_MS
from schemas.event import NOT_GIVEN, UsageEvent

_NOTHING: Final = msgspec.Raw(b"")
#: Quotation marks of the members that each form requires, and of those it may leave out.
_QUOTES_SHORT: Final = 12  # id, customer, meter
_QUOTES_ENVELOPE: Final = 16  # specversion, id, type, subject
_QUOTES_TEXT: Final = 4  # "time":"…"


class _Short(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    customer: str
    type: str = msgspec.field(name="meter")
    source: str = ""
    time: str = ""
    quantity: msgspec.Raw = _NOTHING
    data: msgspec.Raw = _NOTHING


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    specversion: str
    id: str
    source: str
    type: str
    customer: str = msgspec.field(name="subject")
    time: str = ""
    datacontenttype: str = ""
    data: msgspec.Raw = _NOTHING


_decode_short: Final = msgspec.json.Decoder(list[_Short]).decode
_decode_envelope: Final = msgspec.json.Decoder(list[_Envelope]).decode
_new: Final = tuple.__new__


class Taken(NamedTuple):
    """A batch that was read: event by event, the event and its route."""

    events: list[UsageEvent]
    routes: list[Route]
    #: Whether a meter, or a missing time, has something to say about one of them.
    judged: bool


class FastReader:
    """Reads batches and remembers what comes again. Raises Unusual, and nothing else."""

    def __init__(self) -> None:
        self._instants = Instants()
        self._sources = Sources()
        self._quantities = Quantities()
        self._data = DataObjects(holds_quantity=False)
        self._envelope_data = DataObjects(holds_quantity=True)

    def read(self, body: bytes, routes: TenantRoutes, now_ms: int) -> Taken:
        """Return the events of *body*, a JSON array."""
        if b"\\" in body:
            raise Unusual
        try:
            if not body.isascii():
                body.decode()
            if b'"specversion"' in body:
                envelopes = _decode_envelope(body)
                _check_ids([envelope.id for envelope in envelopes])
                taken, quotes = self._envelopes(envelopes, routes, now_ms)
            else:
                shorts = _decode_short(body)
                _check_ids([short.id for short in shorts])
                taken, quotes = self._shorts(shorts, routes, now_ms)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise Unusual from None
        # Without escapes every quotation mark belongs to a name or a text that was read; one more
        # means a name that stands twice, of which only the last was seen.
        if quotes != body.count(b'"'):
            raise Unusual
        return taken

    def _shorts(self, batch: list[_Short], routes: TenantRoutes, now_ms: int) -> tuple[Taken, int]:
        read_instant, sources = self._instants.read, self._sources
        quantities, data_objects = self._quantities, self._data
        oldest_ms, newest_ms = now_ms - OLDEST_MS, now_ms + AHEAD_MS
        events: list[UsageEvent] = []
        taken: list[Route] = []
        judged = False
        quotes = len(batch) * _QUOTES_SHORT
        for short in batch:
            route = routes[short.customer, short.type]
            if short.time:
                given_ms = read_instant(short.time)
                if not oldest_ms <= given_ms <= newest_ms:
                    raise Unusual
                quotes += _QUOTES_TEXT
            else:
                given_ms = NOT_GIVEN
                judged = True
            if route.judged:
                judged = True
            if short.source:
                quotes += _QUOTES_TEXT
            micro, more = quantities[bytes(short.quantity)]
            rest, _, most = data_objects[bytes(short.data)]
            quotes += more + most
            source = sources[short.source]
            events.append(_new(UsageEvent, (route.series, given_ms, micro, source, short.id, rest)))
            taken.append(route)
        return Taken(events, taken, judged), quotes

    def _envelopes(self, batch: list[_Envelope], routes: TenantRoutes, now_ms: int) -> tuple[Taken, int]:
        read_instant, sources, data_objects = self._instants.read, self._sources, self._envelope_data
        oldest_ms, newest_ms = now_ms - OLDEST_MS, now_ms + AHEAD_MS
        events: list[UsageEvent] = []
        taken: list[Route] = []
        judged = False
        quotes = len(batch) * _QUOTES_ENVELOPE
        for envelope in batch:
            route = routes[envelope.customer, envelope.type]
            if envelope.specversion != "1.0":
                raise Unusual
            if envelope.time:
                given_ms = read_instant(envelope.time)
                if not oldest_ms <= given_ms <= newest_ms:
                    raise Unusual
                quotes += _QUOTES_TEXT
            else:
                given_ms = NOT_GIVEN
                judged = True
            if route.judged:
                judged = True
            if envelope.source:
                quotes += _QUOTES_TEXT
            if envelope.datacontenttype:
                quotes += _QUOTES_TEXT
            rest, micro, more = data_objects[bytes(envelope.data)]
            quotes += more
            source = sources[envelope.source]
            events.append(_new(UsageEvent, (route.series, given_ms, micro, source, envelope.id, rest)))
            taken.append(route)
        return Taken(events, taken, judged), quotes


def _check_ids(ids: list[str]) -> None:
    if not ids or "" in ids or max(map(len, ids)) > MAX_TEXT or not "".join(ids).isprintable():
        raise Unusual
