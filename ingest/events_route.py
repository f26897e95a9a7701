"""`POST /v1/events`: from the bytes of a request to the receipt of every event."""

import time
from collections.abc import Callable

from aiohttp import web

from ingest.auth import Senders
from ingest.core.forms import form_of
from ingest.core.gate import Gate
from ingest.core.problem import refuse
from ingest.core.reading import Batch, Reader
from ingest.core.receipts import Counts, all_rejected, count, receipt, status_of
from ingest.core.repeats import repeats
from ingest.http_answer import JSON, Answer, problem_answer
from ingest.http_body import read_body
from ingest.instruments import Instruments
from ingest.kafka import UsageLog
from ingest.packer import Packer
from ingest.tally import DoorTally
from schemas.catalog import Catalog


class EventsRoute:
    """Takes usage events in. One object serves all requests."""

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        reader: Reader,
        gate: Gate,
        log: UsageLog,
        packer: Packer,
        tally: DoorTally,
        instruments: Instruments,
    ) -> None:
        self._catalog = catalog
        self._senders = Senders()
        self._reader = reader
        self._gate = gate
        self._log = log
        self._packer = packer
        self._tally = tally
        self._instruments = instruments

    async def post(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Answer a request. Raises Refused."""
        catalog = self._catalog()
        headers = request.headers
        tenant = self._senders.tenant_of(headers.get("Authorization"), catalog)
        form = form_of(headers.get("Content-Type", ""))
        if (reason := self._gate.refusal(time.monotonic(), self._log.oldest_at)) is not None:
            raise refuse("overloaded", f"{reason}; repeat the whole request, it is safe")
        body = await read_body(request, self._gate)
        self._instruments.payload(len(body))
        batch = self._reader.read(body, form, tenant, catalog, _now_ms())
        repeated = repeats(batch.events) if len(batch.events) > 1 else {}
        places = await self._packer.publish(batch, len(body)) if batch.events else []
        if places is None:
            raise refuse(
                "not_confirmed", "Kafka did not confirm in time; repeat the whole request, it is safe"
            )
        counts = count(batch, repeated)
        self._note(tenant, batch, counts)
        if not batch.events:
            return problem_answer(all_rejected(batch), request_id)
        return Answer(status_of(batch), receipt(batch, repeated, places, counts), JSON, request_id)

    def _note(self, tenant: str, batch: Batch, counts: Counts) -> None:
        self._instruments.events(counts)
        for rejection in batch.rejected.values():
            code = rejection.findings[0].code
            self._tally.add(tenant, code, 1, _now_ms())
            self._instruments.rejected(code)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
