"""`GET /v1/balance-sheet`: the books of the caller's tenant, recounted now."""

import asyncio
import time

import msgspec
from aiohttp import web

from console.api.access import caller_of
from console.api.answers import answer
from console.api.context import CONTEXT
from console.api.core.parameters import Parameters, instant
from console.books.core.entries import Finding, Sheet, Span
from console.books.reconcile import reconcile_usage
from runtime.postgres import as_reader
from schemas.admission import OLDEST_MS
from schemas.instant import HOUR_MS


async def balance_sheet(request: web.Request) -> web.Response:
    """Answer with the balance sheet of a span of hours."""
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    from_ms, to_ms = given.take("from", instant), given.take("to", instant)
    if from_ms is None:
        from_ms = time.time_ns() // 1_000_000 - OLDEST_MS
    if to_ms is not None and to_ms <= from_ms:
        given.fault("to", "span_empty", "must be later than from")
    given.done()
    span = Span(from_ms - from_ms % HOUR_MS, to_ms, caller.tenant)
    held = as_reader(context.settings, caller.key_hash)
    async with context.recounts:
        sheet = await asyncio.to_thread(reconcile_usage, held, span)
    return answer(_of_tenant(sheet, caller.tenant))


def _of_tenant(sheet: Sheet, tenant: str) -> Sheet:
    """Return *sheet* without findings that speak of somebody else's ids; files and ranges are everybody's."""
    findings = [finding for finding in sheet.findings if _concerns(finding, tenant)]
    return msgspec.structs.replace(sheet, findings=findings)


def _concerns(finding: Finding, tenant: str) -> bool:
    return finding.kind != "id_reused" or finding.what.startswith(f"{tenant} / ")
