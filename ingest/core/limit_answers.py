"""Answers about limits of use, in the style of those about quotas."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ingest.core.problem import Problem
from ingest.core.tenant_quota import MOST_SECONDS
from ingest.core.use import Kind, Outcome
from schemas.gcra import SECOND_NS
from schemas.plan import OnUnavailable
from schemas.quota_check import Decision, Standing
from schemas.use_limit import LimitAnswer, Window

_MS_NS: Final = 1_000_000
_UNKNOWN: Final = "too many customers at once to remember this one: the plan says"
_PER: Final[Mapping[Window, str]] = {Window.SECOND: "a second", Window.MINUTE: "a minute"}


class UseAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to: let this customer use so much now. Quantities are decimal text in `unit`."""

    allowed: bool
    customer: str
    meter: str
    unit: str
    #: None: the customer is on no plan.
    plan: str | None
    limits: Sequence[LimitAnswer]
    decision: Decision
    #: What was taken.
    quantity: str | None = None
    #: The lease that was begun or renewed.
    id: str | None = None
    ttl_seconds: int | None = None
    warnings: Sequence[Mapping[str, str]] = ()


def granted(at: Standing, outcome: Outcome, **what: object) -> UseAnswer:
    """Return the answer to what was let pass; *what* was asked for."""
    is_known = outcome.kind is not Kind.UNKNOWN
    warning = {"code": "unknown", "detail": f"{_UNKNOWN} {at.on_unavailable}"}
    return UseAnswer(
        allowed=True,
        customer=at.key.customer,
        meter=at.key.meter,
        unit=at.meter.unit,
        plan=at.plan,
        limits=[level.shown() for level in outcome.levels],
        decision=Decision.FRESH if is_known else Decision.DEFAULT,
        warnings=[] if is_known else [warning],
        **what,  # type: ignore[arg-type]  # members of the answer, by their names
    )


def refusal(at: Standing, outcome: Outcome, wanted: str) -> Problem | None:
    """Return why *wanted* is not let pass; None: it is."""
    if outcome.kind is Kind.UNKNOWN and at.on_unavailable is OnUnavailable.DENY:
        message = f"Use of {at.key.meter} cannot be checked at present."
        more = {**_whose(at), "error": "limit_unknown", "message": message, "decision": Decision.DEFAULT}
        return Problem("limit_unknown", f"{_UNKNOWN} {at.on_unavailable}", more=more)
    if outcome.kind is not Kind.REFUSED:
        return None
    by, wait_ns = outcome.refused_by, outcome.wait_ns
    assert by is not None  # noqa: S101 -- what is refused is refused by one
    shown = by.shown()
    seconds = None if wait_ns is None else -(-wait_ns // SECOND_NS)
    most = shown.burst or shown.limit
    if by.window is Window.CONCURRENT:
        detail = f"{shown.used} of {shown.limit} leases are open"
    elif seconds is None:
        detail = f"more than {most} {at.meter.unit} at once never pass, and {wanted} were asked for"
    else:
        rate = f"{shown.limit} {at.meter.unit} {_PER[by.window]}"
        at_once = f", {most} at once" if shown.burst else ""
        detail = f"{rate}{at_once}: {shown.remaining} are left, and {wanted} were asked for"
    when = "Upgrade your plan to continue." if seconds is None else f"Try again in {seconds} s."
    more = {
        **_whose(at),
        "error": "rate_limited",
        "message": f"Limit of {at.key.meter} reached. {when}",
        **{name: value for name, value in msgspec.to_builtins(shown).items() if value is not None},
        "retry_after_seconds": seconds,
        "retry_after_ms": None if wait_ns is None else -(-wait_ns // _MS_NS),
        "limits": [level.shown() for level in outcome.levels],
        "decision": Decision.FRESH,
    }
    return Problem(
        "rate_limited", detail, more=more, retry_after=MOST_SECONDS if seconds is None else seconds
    )


def _whose(at: Standing) -> dict[str, object]:
    """Return whom a refusal speaks of."""
    found: dict[str, object] = {
        "allowed": False,
        "customer": at.key.customer,
        "meter": at.key.meter,
        "unit": at.meter.unit,
        "plan": at.plan,
    }
    return {**found, "upgrade_url": at.upgrade_url} if at.upgrade_url else found
