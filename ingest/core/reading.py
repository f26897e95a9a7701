"""A body becomes a batch: events that will be published, and rejections with their reasons."""

from collections.abc import Mapping, Sequence
from itertools import compress, count
from typing import Final, NamedTuple, cast

import msgspec

from ingest.core.fast import FastReader
from ingest.core.forms import Form, check_count, is_array, split
from ingest.core.plain import PlainReader
from ingest.core.routes import Routes, TenantRoutes, Unusual
from schemas.admission import MAX_TEXT, EventRejected, Finding, read_event
from schemas.catalog import Catalog
from schemas.event import NOT_GIVEN, UsageEvent


class Rejection(NamedTuple):
    """An event that will not be published."""

    #: As far as it could be read.
    id: str | None
    #: At least one; pointers begin at the event.
    findings: tuple[Finding, ...]


class Batch(NamedTuple):
    """What a request holds."""

    #: The good events, in order, and where each goes.
    events: list[UsageEvent]
    partitions: list[int]
    #: By place in the request.
    rejected: dict[int, Rejection]
    #: By place in `events`.
    warnings: Mapping[int, Sequence[Finding]]
    #: Whether pointers begin with the place of the event.
    many: bool
    #: Whether the ids of the good events may stand in JSON as they are.
    escape_free: bool


class _Id(msgspec.Struct):
    id: str


#: The partition of what is rejected.
NOWHERE: Final = -1
_decode_id: Final = msgspec.json.Decoder(_Id).decode


class Reader:
    """Reads bodies under the newest catalogue."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._fast = FastReader()
        self._plain = PlainReader()
        self._routes = Routes(Catalog(), partitions)

    def read(self, body: bytes, form: Form, tenant: str, catalog: Catalog, now_ms: int) -> Batch:
        """Return the batch in *body*. Raises Refused where the body as a whole is at fault."""
        if self._routes.catalog is not catalog:
            self._routes = Routes(catalog, self._partitions)
        routes = self._routes.of_tenant(tenant)
        if form is Form.JSON:
            batch = (self._array if is_array(body) else self._single)(body, routes, now_ms)
            if batch is not None:
                return batch
        parts = split(body, form)
        check_count(len(parts.events))
        items = _Items([], [], [])
        # A JSON body is here because it was left by the fast reading.
        read_one = self._line if form is Form.LINES else self._one
        for raw in parts.events:
            items.add(*read_one(raw, routes, now_ms))
        return self._sorted_out(items, now_ms, many=parts.many)

    def _single(self, body: bytes, routes: TenantRoutes, now_ms: int) -> Batch | None:
        """Return the one event of *body*, if nothing is to be said about it."""
        try:
            event, route = self._fast.one(body, routes, now_ms)
        except Unusual:
            return None
        if (route.doubt or event.given_ms == NOT_GIVEN) and any(self._routes.judge(event, now_ms)):
            return None
        return Batch([event], [route.partition], {}, {}, many=False, escape_free=True)

    def _array(self, body: bytes, routes: TenantRoutes, now_ms: int) -> Batch | None:
        """Return the events of *body*, if the fast reading takes most of them. Raises Refused."""
        try:
            events, partitions, doubtful, unusual = self._fast.batch(body, routes, now_ms)
        except Unusual:
            return None
        check_count(len(events) + len(unusual))
        if not unusual and True not in doubtful:
            return Batch(events, partitions, {}, {}, many=True, escape_free=True)
        items = _Items([*events], partitions, doubtful)
        for place, raw in unusual.items():
            items.insert(place, *self._one(raw, routes, now_ms))
        # Not even the unusual ones have escapes: they are in the same body.
        return self._sorted_out(items, now_ms, many=True)._replace(escape_free=True)

    def _line(self, raw: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent | Rejection, int]:
        """Return one event that may be of a common shape, and where it goes."""
        try:
            event, route = self._fast.one(raw, routes, now_ms)
        except Unusual:
            return self._one(raw, routes, now_ms)
        return event, route.partition

    def _one(self, raw: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent | Rejection, int]:
        """Return one event that is not, and where it goes."""
        try:
            event, route = self._plain.one(raw, routes, now_ms)
        except Unusual:
            return self._decided(raw, routes, now_ms)
        return event, route.partition

    def _decided(self, raw: bytes, routes: TenantRoutes, now_ms: int) -> tuple[UsageEvent | Rejection, int]:
        try:
            event = read_event(raw, routes.tenant, now_ms)
        except EventRejected as rejected:
            return Rejection(_id_of(raw), rejected.findings), NOWHERE
        return event, routes[event.series.customer, event.series.type].partition

    def _sorted_out(self, items: "_Items", now_ms: int, *, many: bool) -> Batch:
        rejected: dict[int, Rejection] = {}
        warned: dict[int, Sequence[Finding]] = {}
        for place in compress(count(), items.doubtful):
            item = items.fates[place]
            if not isinstance(item, Rejection):
                faults, warnings = self._routes.judge(item, now_ms)
                if not faults:
                    if warnings:
                        warned[place - len(rejected)] = warnings
                    continue
                item = items.fates[place] = Rejection(item.id, tuple(faults))
            rejected[place] = item
        events, partitions = items.fates, items.partitions
        if rejected:
            good = [place not in rejected for place in range(len(events))]
            events, partitions = list(compress(events, good)), list(compress(partitions, good))
        return Batch(cast("list[UsageEvent]", events), partitions, rejected, warned, many, escape_free=False)


class _Items(NamedTuple):
    """Events and rejections in the order of the body."""

    fates: list[UsageEvent | Rejection]
    partitions: list[int]
    doubtful: list[bool]

    def add(self, fate: UsageEvent | Rejection, partition: int) -> None:
        self.insert(len(self.fates), fate, partition)

    def insert(self, place: int, fate: UsageEvent | Rejection, partition: int) -> None:
        """Put in, before whatever stands at *place* now, what is still to be judged."""
        self.fates.insert(place, fate)
        self.partitions.insert(place, partition)
        self.doubtful.insert(place, True)


def _id_of(raw: bytes) -> str | None:
    """Return the id of an event that was rejected, if it can be told."""
    try:
        found = _decode_id(raw).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if len(found) <= MAX_TEXT else None
