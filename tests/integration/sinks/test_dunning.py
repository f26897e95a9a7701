"""Payments that failed: what nobody acts on in time is told of once, whatever is killed or repeated."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.alert import DunningGap, decode_alert
from schemas.topics import ALERTS
from tests.integration.console.shipped import apply_shipped
from tests.integration.sinks.stripe_tenant import StripeTenant, read_partition
from tests.integration.sinks.test_jobs import metric
from tests.running import Running
from tests.stripe.shapes import Object, event, shape
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]
#: Nothing waits for a walk of Stripe's list, and the time for a dunning step is over soon.
SOON = {"WEIR_STRIPE_WALK_SECONDS": "86400", "WEIR_DUNNING_GAP_SECONDS": "1"}
MINUTE_S, DAY_S = 60, 86_400


@pytest.fixture
def acme(settings: Settings, database: Connection, start: Start) -> StripeTenant:
    """Return a tenant whose webhooks are mirrored."""
    apply_shipped(database)
    start("console", "watch")
    start("processors", "billing")
    start("sinks", "stripe", "mirror", WEIR_INSTANCE="mirror")
    return StripeTenant(settings, database)


def told(kind: str, invoice: str, at_s: int, **changes: object) -> Object:
    """Return an event about an open invoice of a subscription of its own, which is charged automatically."""
    about = shape("invoice", old=True) | {
        "id": invoice,
        "status": "open",
        "subscription": f"sub_of_{invoice}",
        "customer": f"cus_of_{invoice}",
        "payment_intent": f"pi_of_{invoice}",
        "collection_method": "charge_automatically",
        "next_payment_attempt": None,
        "attempt_count": 1,
        **changes,
    }
    return event(f"invoice.{kind}", about, event_id=f"evt_{kind}_{invoice}_{at_s}", created_s=at_s)


def failed(invoice: str, at_s: int, **changes: object) -> Object:
    return told("payment_failed", invoice, at_s, **changes)


def subscription(invoice: str, at_s: int, status: str) -> Object:
    about = shape("subscription") | {"id": f"sub_of_{invoice}", "status": status}
    return event("customer.subscription.updated", about, event_id=f"evt_sub_{invoice}_{at_s}", created_s=at_s)


def charge(invoice: str, at_s: int) -> Object:
    """Return an attempt that names its payment alone, as since 2025, and is still on its way."""
    about = shape("charge") | {
        "id": f"ch_{invoice}",
        "invoice": None,
        "payment_intent": f"pi_of_{invoice}",
        "customer": f"cus_of_{invoice}",
        "status": "pending",
        "created": at_s,
    }
    return event("charge.updated", about, event_id=f"evt_charge_{invoice}", created_s=at_s)


def mirrored(tenant: StripeTenant, events: list[Object]) -> None:
    """Deliver *events*, and wait until the record and the mirror have them."""
    tenant.deliver(events)
    last = len(tenant.landed()) - 1
    until(lambda: tenant.rows(f"select from mirror_progress where source_offset = {last}"))
    until(lambda: tenant.rows(f"select from sink_offsets where sink = 'stripe' and next_offset > {last}"))
    ids = {each["id"] for each in events if each["type"] == "invoice.payment_failed"}
    until(lambda: ids <= {row[0] for row in tenant.rows("select event_id from stripe_history")})


def gaps(settings: Settings, tenant: StripeTenant) -> dict[tuple[str, int], Counter[bytes]]:
    """Return what the log says of each invoice and moment, and how often."""
    found: dict[tuple[str, int], Counter[bytes]] = defaultdict(Counter)
    for value, _ in read_partition(settings, ALERTS, tenant.tenant):
        alert = decode_alert(value)
        assert isinstance(alert, DunningGap)
        found[alert.invoice, alert.failed_at_ms // 1_000][value] += 1
    return found


def all_told(tenant: StripeTenant, number: int) -> bool:
    return bool(
        tenant.rows("select count(*), count(told_at_ms) from alert_facts") == [(number, number)],
    )


def judged(tenant: StripeTenant) -> dict[tuple[str, int], str | None]:
    rows = tenant.rows("select invoice, failed_at_ms / 1000, step from stripe_failed_payments")
    return {(invoice, at_s): step for invoice, at_s, step in rows}


def test_a_failure_that_nobody_acts_on_is_told_of_once_whatever_is_killed_repeated_or_out_of_order(
    acme: StripeTenant, settings: Settings, start: Start
) -> None:
    at = int(time.time()) - MINUTE_S
    again = failed("in_doubled", at) | {"id": "evt_another_of_the_same"}
    events = [
        # What answers comes first here, as it may.
        told("paid", "in_paid", at + 9, status="paid"),
        told("voided", "in_void", at + 9, status="void"),
        told("marked_uncollectible", "in_lost", at + 9, status="uncollectible"),
        told("updated", "in_scheduled", at + 1, next_payment_attempt=at + 9 * MINUTE_S),
        failed("in_again", at + 9, attempt_count=2),
        subscription("in_canceled", at + 9, "canceled"),
        subscription("in_unpaid", at + 9, "unpaid"),
        subscription("in_first", at + 9, "incomplete"),
        subscription("in_gap", at + 1, "past_due"),
        charge("in_charged", at + 9),
        *(
            failed(f"in_{name}", at)
            for name in ("paid", "void", "lost", "scheduled", "again", "canceled", "unpaid", "first", "gap")
        ),
        failed("in_charged", at),
        failed("in_sent", at, collection_method="send_invoice"),
        failed("in_doubled", at),
        again,
        failed("in_doubled", at),
        failed("in_past", at - 3 * DAY_S),
    ]
    mirrored(acme, events)

    jobs = start("sinks", "jobs", WEIR_INSTANCE="jobs", **SOON)
    for kill in range(3):
        until(lambda: all_told(acme, 3))
        jobs.kill()
        # As if it had been killed before it could note that, and at last before anything was judged.
        acme.database.execute("update alert_facts set told_at_ms = null")
        if kill == 2:
            acme.database.execute("delete from stripe_failed_payments")
        jobs.restart()
    mirrored(acme, events)
    until(lambda: all_told(acme, 3))
    until(lambda: len(judged(acme)) == 13)

    wordings = gaps(settings, acme)
    assert set(wordings) == {("in_gap", at), ("in_again", at + 9), ("in_doubled", at)}
    assert [len(each) for each in wordings.values()] == [1, 1, 1], "told twice, but in the same words"
    assert (
        judged(acme)
        == {
            ("in_gap", at): None,
            ("in_again", at): "attempted",
            ("in_again", at + 9): None,
            ("in_doubled", at): None,
            ("in_paid", at): "paid",
            ("in_void", at): "closed",
            ("in_lost", at): "closed",
            ("in_scheduled", at): "scheduled",
            ("in_canceled", at): "ended",
            ("in_unpaid", at): "ended",
            ("in_first", at): "incomplete",
            ("in_charged", at): "attempted",
            ("in_sent", at): "sent",
        }
        | {}
    )
    said: Any = json.loads(next(iter(wordings["in_again", at + 9])))
    assert (said["attempt"], said["customer"], said["within_seconds"]) == (2, "cus_of_in_again", 1)
    assert said["amount_remaining"] == shape("invoice", old=True)["amount_remaining"]


def test_the_time_for_a_step_runs_from_the_record_of_the_failure(
    acme: StripeTenant, start: Start, settings: Settings
) -> None:
    """Both failed long ago by Stripe's clock; one webhook came a quarter of an hour ago, one just now."""
    at = int(time.time()) - 60 * MINUTE_S
    mirrored(acme, [failed("in_late", at), failed("in_due", at)])
    acme.database.execute(
        "update webhook_events set recorded_at_ms = recorded_at_ms - 900000 where event_id = %s",
        (f"evt_payment_failed_in_due_{at}",),
    )
    jobs = start("sinks", "jobs", WEIR_INSTANCE="jobs", WEIR_STRIPE_WALK_SECONDS="86400")
    until(lambda: all_told(acme, 1))
    assert judged(acme) == {("in_due", at): None}
    assert set(gaps(settings, acme)) == {("in_due", at)}
    assert metric(jobs, "weir_dunning_gaps_total") == 1


def test_nobody_judges_by_a_mirror_that_is_behind(
    settings: Settings, database: Connection, start: Start
) -> None:
    apply_shipped(database)
    start("console", "watch")
    processors = start("processors", "billing")
    start("sinks", "stripe", "mirror", WEIR_INSTANCE="mirror")
    acme = StripeTenant(settings, database)
    at = int(time.time()) - MINUTE_S
    mirrored(acme, [failed("in_paid", at), failed("in_gap", at)])
    processors.kill()
    acme.deliver([told("paid", "in_paid", at + 9, status="paid")])
    jobs = start("sinks", "jobs", WEIR_INSTANCE="jobs", **SOON)
    until(lambda: "the mirror is behind the log" in jobs.log)
    assert judged(acme) == {}
    processors.restart()
    until(lambda: all_told(acme, 1))
    assert judged(acme) == {("in_paid", at): "paid", ("in_gap", at): None}
