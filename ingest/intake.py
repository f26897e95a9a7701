"""The first half of every request with events: who sends it, and what its body holds."""

import time
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from ingest.auth import INGEST_SCOPE, Senders
from ingest.core.forms import Form, form_of
from ingest.core.gate import Gate
from ingest.core.problem import Refused
from ingest.core.rates import BYTES_AN_EVENT, Bucket, Rates, begin, go_on, settle
from ingest.core.reading import Batch, Reader
from ingest.hold import Hold
from ingest.http_body import read_body
from schemas.catalog import Catalog


class Sender(NamedTuple):
    """What the head of a request says, and the catalogue that it is judged by."""

    tenant: str
    form: Form
    catalog: Catalog
    #: What it takes its events from, where it has a rate.
    buckets: tuple[Bucket, ...]


class Arrived(NamedTuple):
    """What the body of a request holds."""

    batch: Batch
    #: Bytes, inflated.
    size: int
    #: The clock that its events' times were held against.
    now_ms: int


class Intake:
    """Reads requests under the newest catalogue."""

    def __init__(self, catalog: Callable[[], Catalog], reader: Reader, gate: Gate, rates: Rates) -> None:
        self._catalog = catalog
        self._senders = Senders(INGEST_SCOPE, rates=rates)
        self._reader = reader
        self._gate = gate
        self._hold = Hold()

    async def sender(self, request: web.BaseRequest) -> Sender:
        """Return who sends, and how the body is written. Raises Refused; who is too fast waits for it."""
        catalog, headers = self._catalog(), request.headers
        caller = self._senders.caller_of(headers.get("Authorization"), catalog)
        if caller.buckets:
            try:
                begin(caller.buckets, time.monotonic_ns())
            except Refused:
                await self._hold.wait()
                raise
        return Sender(caller.tenant, form_of(headers.get("Content-Type", "")), catalog, caller.buckets)

    async def read(self, request: web.BaseRequest, sender: Sender) -> Arrived:
        """Return what *sender* has sent. Raises Refused."""
        body = await read_body(request, self._gate)
        now_ms = time.time_ns() // 1_000_000
        read = self._limited if sender.buckets else self._batch
        return Arrived(read(body, sender, now_ms), len(body), now_ms)

    def _batch(self, body: bytes, sender: Sender, now_ms: int) -> Batch:
        return self._reader.read(body, sender.form, sender.tenant, sender.catalog, now_ms)

    def _limited(self, body: bytes, sender: Sender, now_ms: int) -> Batch:
        """Return the batch, taken from the buckets; no other request comes between."""
        now_ns = time.monotonic_ns()
        go_on(sender.buckets, now_ns)
        try:
            batch = self._batch(body, sender, now_ms)
        except Refused:
            settle(sender.buckets, len(body) // BYTES_AN_EVENT, now_ns)
            raise
        settle(sender.buckets, len(batch.events) + len(batch.rejected), now_ns)
        return batch
