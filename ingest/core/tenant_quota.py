"""A tenant's own quota of events: the only one that refuses usage."""

from ingest.core.problem import Problem, Refused
from ingest.core.quota_states import QuotaStates
from schemas.catalog import Catalog
from schemas.instant import SECOND_MS, format_instant
from schemas.period import MONTH, span_at

#: Longer than this nobody is asked to wait: somebody may have raised the limit.
MOST_SECONDS = 3_600


def check_events(catalog: Catalog, states: QuotaStates, tenant: str, now_ms: int) -> None:
    """Return if *tenant* may send events. Raises Refused when the month's are used up.

    What has not come through the processors yet is not counted, so that a month may have a few more.
    """
    limit = catalog.tenants[tenant].events_per_month
    if limit is None:
        return
    month = span_at(MONTH, now_ms)
    sent = states.events(tenant, month)
    if sent < limit:
        return
    reset_at = format_instant(month.end_ms)
    detail = f"tenant {tenant} may send {limit} events a month, and has sent {sent}: next ones on {reset_at}"
    more = {"error": "quota_exceeded", "limit": str(limit), "used": str(sent), "reset_at": reset_at}
    raise Refused(
        Problem("quota_exceeded", detail, more=more, retry_after=seconds_until(month.end_ms, now_ms))
    )


def seconds_until(at_ms: int, now_ms: int) -> int:
    """Return the seconds to wait until *at_ms*: at least one, at most an hour."""
    return max(1, min(-(-(at_ms - now_ms) // SECOND_MS), MOST_SECONDS))
