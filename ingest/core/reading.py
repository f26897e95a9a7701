"""A body becomes a batch: events that will be published, and rejections with their reasons."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from ingest.core.fast import FastReader, Taken
from ingest.core.forms import Form, check_count, is_array, split
from ingest.core.learned import Unusual
from ingest.core.routes import Route, Routes, TenantRoutes
from schemas.admission import MAX_TEXT, EventRejected, Finding, read_event
from schemas.catalog import Catalog
from schemas.event import UsageEvent


class Rejection(NamedTuple):
    """An event that will not be published."""

    #: As far as it could be read.
    id: str | None
    #: At least one; pointers begin at the event.
    findings: tuple[Finding, ...]


class Batch(NamedTuple):
    """What a request holds."""

    #: The good events, in order, and their routes.
    events: list[UsageEvent]
    routes: list[Route]
    #: By place in the request.
    rejected: dict[int, Rejection]
    #: By place in `events`.
    warnings: dict[int, list[Finding]]
    #: Whether pointers begin with the place of the event.
    many: bool
    #: Whether all is well, and the ids may stand in JSON as they are.
    escape_free: bool


class _Id(msgspec.Struct):
    id: str


_decode_id: Final = msgspec.json.Decoder(_Id).decode


class Reader:
    """Reads bodies under the newest catalogue."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._fast = FastReader()
        self._routes = Routes(Catalog(), partitions)

    def read(self, body: bytes, form: Form, tenant: str, catalog: Catalog, now_ms: int) -> Batch:
        """Return the batch in *body*. Raises Refused where the body as a whole is at fault."""
        if self._routes.catalog is not catalog:
            self._routes = Routes(catalog, self._partitions)
        routes = self._routes.of_tenant(tenant)
        if form is Form.JSON:
            many = is_array(body)
            try:
                taken = self._taken(body, routes, now_ms, many=many)
            except Unusual:
                pass
            else:
                if not taken.judged:
                    return Batch(taken.events, taken.routes, {}, {}, many, escape_free=True)
                batch = self._sorted_out(taken.events, routes, now_ms, many=many)
                return batch._replace(escape_free=not batch.rejected and not batch.warnings)
        parts = split(body, form)
        check_count(len(parts.events))
        items = [self._one(raw, routes, now_ms) for raw in parts.events]
        return self._sorted_out(items, routes, now_ms, many=parts.many)

    def _taken(self, body: bytes, routes: TenantRoutes, now_ms: int, *, many: bool) -> Taken:
        """Return all events of *body* by the fast reading. Raises Unusual or Refused."""
        taken = self._fast.read(body if many else b"[%b]" % body, routes, now_ms)
        if not many and len(taken.events) != 1:  # {…},{…} is no JSON
            raise Unusual
        check_count(len(taken.events))
        return taken

    def _one(self, raw: bytes, routes: TenantRoutes, now_ms: int) -> UsageEvent | Rejection:
        try:
            return self._taken(raw, routes, now_ms, many=False).events[0]
        except Unusual:
            pass
        try:
            return read_event(raw, routes.tenant, now_ms)
        except EventRejected as rejected:
            return Rejection(_id_of(raw), rejected.findings)

    def _sorted_out(
        self, items: Iterable[UsageEvent | Rejection], routes: TenantRoutes, now_ms: int, *, many: bool
    ) -> Batch:
        batch = Batch([], [], {}, {}, many, escape_free=False)
        for place, item in enumerate(items):
            if isinstance(item, Rejection):
                batch.rejected[place] = item
                continue
            faults, warnings = self._routes.judge(item, now_ms)
            if faults:
                batch.rejected[place] = Rejection(item.id, tuple(faults))
                continue
            if warnings:
                batch.warnings[len(batch.events)] = warnings
            batch.events.append(item)
            batch.routes.append(routes[item.series.customer, item.series.type])
        return batch


def _id_of(raw: bytes) -> str | None:
    """Return the id of an event that was rejected, if it can be told."""
    try:
        found = _decode_id(raw).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if len(found) <= MAX_TEXT else None
