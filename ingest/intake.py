"""The first half of every request with events: who sends it, and what its body holds."""

import time
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from ingest.auth import INGEST_SCOPE, Senders
from ingest.core.forms import Form, form_of
from ingest.core.gate import Gate
from ingest.core.reading import Batch, Reader
from ingest.http_body import read_body
from schemas.catalog import Catalog


class Sender(NamedTuple):
    """What the head of a request says, and the catalogue that it is judged by."""

    tenant: str
    form: Form
    catalog: Catalog


class Arrived(NamedTuple):
    """What the body of a request holds."""

    batch: Batch
    #: Bytes, inflated.
    size: int
    #: The clock that its events' times were held against.
    now_ms: int


class Intake:
    """Reads requests under the newest catalogue."""

    def __init__(self, catalog: Callable[[], Catalog], reader: Reader, gate: Gate) -> None:
        self._catalog = catalog
        self._senders = Senders(INGEST_SCOPE)
        self._reader = reader
        self._gate = gate

    def sender(self, request: web.BaseRequest) -> Sender:
        """Return who sends, and how the body is written. Raises Refused."""
        catalog, headers = self._catalog(), request.headers
        tenant = self._senders.tenant_of(headers.get("Authorization"), catalog)
        return Sender(tenant, form_of(headers.get("Content-Type", "")), catalog)

    async def read(self, request: web.BaseRequest, sender: Sender) -> Arrived:
        """Return what *sender* has sent. Raises Refused."""
        body = await read_body(request, self._gate)
        now_ms = time.time_ns() // 1_000_000
        batch = self._reader.read(body, sender.form, sender.tenant, sender.catalog, now_ms)
        return Arrived(batch, len(body), now_ms)
