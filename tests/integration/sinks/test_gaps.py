"""Stripe's list of events, walked: what no webhook brought comes in once, whatever happens meanwhile."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.alert import WebhooksSilent, decode_alert
from schemas.topics import ALERTS
from schemas.webhook import Origin
from sinks.jobs.defer import defer
from sinks.stripe.core.spans import SETTLED_S
from sinks.stripe.orders import walk_order
from tests.integration.sinks.stripe_double import Fault, StripeDouble, stripe_double
from tests.integration.sinks.stripe_tenant import (
    EVENTS,
    HOUR_S,
    StripeTenant,
    event,
    past_events,
    read_partition,
)
from tests.running import Running
from tests.waiting import until

pytestmark = pytest.mark.integration
Work = Callable[..., Running]
DAY_S = 24 * HOUR_S


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    with stripe_double() as running:
        yield running


@pytest.fixture
def acme(settings: Settings, database: Connection) -> StripeTenant:
    return StripeTenant(settings, database)


@pytest.fixture
def work(start: Callable[..., Running], double: StripeDouble) -> Work:
    """Start the record and the jobs, which walk once in two seconds."""

    def starter(*words: str, **environ: str) -> Running:
        more = {"WEIR_STRIPE_API": double.address, "WEIR_STRIPE_WALK_SECONDS": "2", **environ}
        return start("sinks", *(words or ("stripe", "jobs")), **more)

    return starter


def walks_ended(tenant: StripeTenant) -> int:
    """Return the moment at which the last walk came to its end; 0: none has."""
    found = tenant.rows("select coalesce(max(ended_at_ms), 0) from stripe_walks where from_s is null")
    return int(found[0][0])


def after_a_walk_from_now_on(tenant: StripeTenant) -> None:
    since_ms = time.time_ns() // 1_000_000
    query = "select from stripe_walks where from_s is null and began_at_ms > %s"
    until(lambda: tenant.database.execute(query, (since_ms,)).fetchall())


def test_what_no_webhook_brought_comes_in_once_and_is_recorded(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    events = past_events(250)
    double.put(EVENTS, *events)
    delivered = events[::3]
    acme.deliver(delivered)
    work()
    until(lambda: walks_ended(acme))
    after_a_walk_from_now_on(acme)

    landed = acme.landed()
    assert Counter(each.event_id for each in landed) == Counter({each["id"]: 1 for each in events})
    entered = {each.event_id for each in landed if each.origin is Origin.BACKFILL}
    assert entered == {each["id"] for each in events} - {each["id"] for each in delivered}
    until(lambda: len(acme.rows("select from webhook_events")) == 250)
    assert acme.rows("select count(*), count(entered_at_ms) from stripe_missing") == [(166, 166)]
    assert acme.rows("select sum(repeats), sum(conflicts) from webhook_events") == [(0, 0)]


def test_what_is_young_is_left_to_its_webhook(acme: StripeTenant, double: StripeDouble, work: Work) -> None:
    now_s = int(time.time())
    double.put(EVENTS, event(1, now_s - 30), event(2, now_s - HOUR_S))
    work()
    until(lambda: walks_ended(acme))
    after_a_walk_from_now_on(acme)
    assert [each.event_id for each in acme.landed()] == ["evt_0002"]


def test_an_event_that_comes_late_into_the_list_is_found_by_a_later_walk(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    now_s = int(time.time())
    double.put(EVENTS, event(1, now_s - 2 * HOUR_S))
    work()
    until(lambda: walks_ended(acme))
    double.put(EVENTS, event(2, now_s - HOUR_S // 2))
    until(lambda: [each.event_id for each in acme.landed()] == ["evt_0001", "evt_0002"])
    [(from_s, to_s)] = acme.rows("select from_s, to_s from stripe_spans")
    assert to_s - from_s >= 30 * DAY_S - SETTLED_S


@pytest.mark.parametrize("answered", [1, 2])
def test_a_worker_that_is_killed_in_the_middle_of_a_walk_leaves_no_gap_and_doubles_nothing(
    acme: StripeTenant, double: StripeDouble, work: Work, answered: int
) -> None:
    """What was published before the kill, and could not be marked, is known once the record has caught up."""
    events = past_events(350)
    double.put(EVENTS, *events)
    double.hold_after = (EVENTS, answered)
    worker = work("jobs", WEIR_INSTANCE="jobs-a")
    until(lambda: double.asked(EVENTS) > answered)
    until(lambda: len(acme.landed()) >= 100 * answered)
    worker.kill()
    acme.database.execute("update stripe_missing set entered_at_ms = null")  # as if it had come to no marking
    acme.database.execute("update stripe_walks set cursor = null")
    double.hold_after = None
    double.open.set()
    work("jobs", WEIR_INSTANCE="jobs-b")
    until(lambda: acme.rows("select from stripe_walks where failure like '%record of webhooks is behind%'"))
    work("stripe")
    until(lambda: walks_ended(acme))

    assert Counter(each.event_id for each in acme.landed()) == Counter({each["id"]: 1 for each in events})
    until(lambda: acme.rows("select count(*), count(entered_at_ms) from stripe_missing") == [(350, 350)])


def test_a_walk_is_taken_up_where_it_was_stopped(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    double.put(EVENTS, *past_events(350))
    double.hold_after = (EVENTS, 2)
    work("stripe")
    worker = work("jobs")
    until(lambda: double.asked(EVENTS) > 2)
    assert worker.terminate(10) == 0
    double.hold_after = None
    double.open.set()
    asked = double.asked(EVENTS)
    worker.restart()
    until(lambda: walks_ended(acme))
    places = [each.params.get("starting_after") for each in double.seen[asked:]]
    assert places[:2] == ["evt_0199", "evt_0299"]
    assert len(acme.landed()) == 350


def test_a_worker_that_comes_back_from_the_dead_leaves_the_walk_to_its_successor(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    double.put(EVENTS, *past_events(350))
    double.hold_after = (EVENTS, 2)
    work("stripe")
    frozen = work("jobs", WEIR_INSTANCE="jobs-a")
    until(lambda: double.asked(EVENTS) > 2)
    frozen.freeze()
    double.hold_after = None
    work("jobs", WEIR_INSTANCE="jobs-b")
    until(lambda: walks_ended(acme))
    until(lambda: len(acme.rows("select from webhook_events")) == 350)
    double.open.set()
    frozen.thaw()
    until(lambda: "stripe.walk_taken_over" in frozen.log)
    assert Counter(each.event_id for each in acme.landed()).most_common(1)[0][1] == 1


def test_when_the_key_is_revoked_nothing_is_walked_and_nothing_fails(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    double.put(EVENTS, *past_events(3))
    defer(acme.database, walk_order(acme.tenant))
    acme.database.execute("update stripe_keys set sealed = null, revoked_at_ms = 1")
    work()
    until(lambda: not acme.rows("select from jobs.procrastinate_jobs where task_name = 'stripe.walk'"))
    assert acme.rows("select from stripe_walks") == []
    assert double.asked(EVENTS) == 0


def test_two_processes_walk_once_a_period(acme: StripeTenant, double: StripeDouble, work: Work) -> None:
    double.put(EVENTS, *past_events(5))
    work("stripe")
    for name in ("a", "b"):
        work("jobs", WEIR_INSTANCE=f"jobs-{name}", WEIR_STRIPE_WALK_SECONDS="86400").wait_ready()
    until(lambda: walks_ended(acme))
    until(lambda: acme.rows("select count(*) from jobs.procrastinate_workers") == [(2,)])
    until(lambda: acme.rows("select count(*) from jobs.procrastinate_jobs") == [(0,)])
    assert double.asked(EVENTS) == 1
    periods = "select count(*) from jobs.procrastinate_periodic_defers where task_name = 'stripe.walks'"
    assert acme.rows(periods) == [(1,)]


def test_why_a_walk_failed_is_written_down_until_one_comes_to_its_end(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    double.put(EVENTS, *past_events(3))
    double.forbidden.add(EVENTS)
    work()
    until(lambda: acme.rows("select failure from stripe_walks where failure like '%rak_event_read%'"))
    assert acme.landed() == []
    double.forbidden.clear()
    until(lambda: walks_ended(acme))
    assert acme.rows("select failed_at_ms, failure from stripe_walks") == [(None, None)]
    assert len(acme.landed()) == 3


def test_while_the_record_is_behind_nothing_is_entered(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    events = past_events(5)
    double.put(EVENTS, *events)
    acme.deliver(events)
    work("jobs")
    until(lambda: acme.rows("select from stripe_walks where failure like '%record of webhooks is behind%'"))
    assert len(acme.landed()) == 5
    work("stripe")
    until(lambda: walks_ended(acme))
    assert len(acme.landed()) == 5


def test_an_outage_of_stripes_is_waited_for(acme: StripeTenant, double: StripeDouble, work: Work) -> None:
    double.put(EVENTS, *past_events(150))
    double.faults.extend([Fault(500), Fault(429, "1"), Fault(503)])
    work()
    until(lambda: walks_ended(acme))
    assert len(acme.landed()) == 150


def test_webhooks_that_stopped_are_told_of_once_a_day(
    acme: StripeTenant, double: StripeDouble, work: Work, settings: Settings
) -> None:
    now_s = int(time.time())
    double.put(EVENTS, *(event(number, now_s - number * HOUR_S) for number in range(2, 6)))
    work()
    until(lambda: walks_ended(acme))
    after_a_walk_from_now_on(acme)
    until(lambda: not acme.rows("select from alert_facts where told_at_ms is null"))
    alerts = [decode_alert(value) for value, _ in read_partition(settings, ALERTS, acme.tenant)]
    days = {alert.day for alert in alerts if isinstance(alert, WebhooksSilent)}
    assert len(alerts) == len(days) in {1, 2}  # a day may end in the middle of the test
    assert isinstance(alerts[0], WebhooksSilent)
    assert (alerts[0].tenant, alerts[0].missing, alerts[0].last_webhook_at_ms) == (acme.tenant, 4, None)


def test_webhooks_that_come_are_no_silence(
    acme: StripeTenant, double: StripeDouble, work: Work, settings: Settings
) -> None:
    events = past_events(4, age_s=2 * HOUR_S)
    double.put(EVENTS, *events)
    acme.deliver(events[:1])
    work()
    until(lambda: walks_ended(acme))
    after_a_walk_from_now_on(acme)
    assert len(acme.landed()) == 4
    assert acme.rows("select from alert_facts") == []
    assert read_partition(settings, ALERTS, acme.tenant) == []
