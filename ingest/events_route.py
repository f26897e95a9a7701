"""`POST /v1/events`: from the bytes of a request to the receipt of every event."""

import time
from collections.abc import Callable

from aiohttp import web

from ingest.core.backlog import Backlog
from ingest.core.gate import Gate
from ingest.core.problem import refuse
from ingest.core.quota_states import QuotaStates
from ingest.core.reading import Batch
from ingest.core.receipts import Counts, all_rejected, count, receipt, status_of
from ingest.core.repeats import repeats
from ingest.core.tenant_quota import check_events
from ingest.http_answer import JSON, Answer, problem_answer
from ingest.instruments import Instruments
from ingest.intake import Intake
from ingest.kafka import UsageLog
from ingest.packer import Packer
from ingest.tally import DoorTally


class EventsRoute:
    """Takes usage events in. One object serves all requests."""

    def __init__(
        self,
        intake: Intake,
        quotas: Callable[[], QuotaStates],
        backlog: Backlog,
        gate: Gate,
        log: UsageLog,
        packer: Packer,
        tally: DoorTally,
        instruments: Instruments,
    ) -> None:
        self._intake = intake
        self._quotas = quotas
        self._backlog = backlog
        self._gate = gate
        self._log = log
        self._packer = packer
        self._tally = tally
        self._instruments = instruments

    async def post(self, request: web.BaseRequest, request_id: str) -> Answer:
        """Answer a request. Raises Refused."""
        sender = await self._intake.sender(request)
        check_events(sender.catalog, self._quotas(), sender.tenant, time.time_ns() // 1_000_000)
        self._backlog.check()
        if (reason := self._gate.refusal(time.monotonic(), self._log.oldest_at)) is not None:
            raise refuse("overloaded", f"{reason}; repeat the whole request, it is safe")
        batch, size, now_ms = await self._intake.read(request, sender)
        self._instruments.payload(size)
        repeated = repeats(batch.events) if len(batch.events) > 1 else {}
        places = await self._packer.publish(batch, size) if batch.events else []
        if places is None:
            raise refuse(
                "not_confirmed", "Kafka did not confirm in time; repeat the whole request, it is safe"
            )
        counts = count(batch, repeated)
        self._note(sender.tenant, batch, counts, now_ms)
        if not batch.events:
            return problem_answer(all_rejected(batch), request_id)
        return Answer(status_of(batch), receipt(batch, repeated, places, counts), JSON, request_id)

    def _note(self, tenant: str, batch: Batch, counts: Counts, now_ms: int) -> None:
        self._instruments.events(counts)
        for rejection in batch.rejected.values():
            code = rejection.findings[0].code
            self._tally.add(tenant, code, 1, now_ms)
            self._instruments.rejected(code)
