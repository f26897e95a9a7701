"""A key of another account, or of the other mode, is recognised, and nothing of its is entered."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.control.backfills import order_backfill
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.webhook import TRIAL, Origin
from sinks.stripe.core.spans import Span
from tests.integration.sinks.stripe_double import StripeDouble, stripe_double
from tests.integration.sinks.stripe_tenant import EVENTS, HOUR_S, StripeTenant, event, past_events
from tests.running import Running
from tests.waiting import until

pytestmark = pytest.mark.integration
DAY_S = 24 * HOUR_S
CUSTOMERS = "/v1/customers"


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    """Return one whose account has ten events of its own."""
    with stripe_double() as running:
        running.put(EVENTS, *past_events(10))
        yield running


@pytest.fixture
def acme(settings: Settings, database: Connection) -> StripeTenant:
    return StripeTenant(settings, database)


@pytest.fixture
def work(start: Callable[..., Running], double: StripeDouble) -> Callable[[], Running]:
    """Start the record and the jobs, which walk once in two seconds."""
    asking = {"WEIR_STRIPE_API": double.address, "WEIR_STRIPE_WALK_SECONDS": "2"}
    return lambda: start("sinks", "stripe", "jobs", **asking)


def heard(number: int, age_s: int = HOUR_S, **changes: object) -> dict[str, Any]:
    """Return an event that a webhook brought, of another account than the double's."""
    return {**event(number, int(time.time()) - age_s), "id": f"evt_heard{number}", **changes}


def of_customer(number: int, age_s: int) -> dict[str, Any]:
    """Return such an event about a customer."""
    about = {"id": f"cus_{number}", "object": "customer", "created": int(time.time()) - age_s}
    return heard(number, age_s, type="customer.created", data={"object": about})


def until_failed(acme: StripeTenant, why: str) -> None:
    until(lambda: acme.rows(f"select from stripe_walks where failure like '%{why}%'"))


def until_walked(acme: StripeTenant) -> None:
    until(lambda: acme.rows("select from stripe_walks where from_s is null and failure is null"))


def entered(acme: StripeTenant) -> int:
    """Return how many records stand on weir.stripe that no webhook brought."""
    return sum(each.origin is not Origin.WEBHOOK for each in acme.landed())


def test_nothing_of_another_account_is_entered_until_a_webhook_is_one_of_its(
    acme: StripeTenant, double: StripeDouble, work: Callable[[], Running]
) -> None:
    acme.deliver([heard(number) for number in range(7)])
    now_s = int(time.time())
    order_backfill(acme.database, acme.tenant, Span(now_s - DAY_S, now_s), b"four", now_s * 1_000)
    work()
    until_failed(acme, "another account")
    until(lambda: acme.rows("select from stripe_backfills where state = 'failed'"))
    [(failure,)] = acme.rows("select failure from stripe_backfills")
    assert "another account" in failure
    assert (entered(acme), double.asked(EVENTS)) == (0, 0)

    double.put(EVENTS, heard(4))
    until_walked(acme)
    assert entered(acme) == 10


def test_nothing_of_the_other_mode_is_entered_or_asked_for(
    acme: StripeTenant, double: StripeDouble, work: Callable[[], Running]
) -> None:
    acme.deliver([heard(number, livemode=True) for number in range(3)])
    work()
    until_failed(acme, "of the test mode")
    assert (entered(acme), double.seen) == (0, [])

    double.put(EVENTS, heard(9))
    acme.deliver([heard(9)])
    until_walked(acme)
    assert entered(acme) == 10


def test_where_webhooks_are_too_old_customers_tell(
    acme: StripeTenant, double: StripeDouble, work: Callable[[], Running]
) -> None:
    acme.deliver([of_customer(number, 40 * DAY_S) for number in range(2)])
    work()
    until_failed(acme, "customers")
    assert (entered(acme), double.asked(EVENTS)) == (0, 0)
    double.put(CUSTOMERS, of_customer(0, 40 * DAY_S)["data"]["object"])
    until_walked(acme)
    assert entered(acme) == 10


def test_a_key_that_may_not_read_customers_is_not_held_against_it(
    acme: StripeTenant, double: StripeDouble, work: Callable[[], Running]
) -> None:
    acme.deliver([of_customer(1, 40 * DAY_S)])
    double.forbidden.add(f"{CUSTOMERS}/cus_1")
    work()
    until_walked(acme)
    assert double.asked(f"{CUSTOMERS}/cus_1")
    assert entered(acme) == 10


def test_connected_accounts_trials_and_thin_events_are_no_witnesses(
    acme: StripeTenant, double: StripeDouble, work: Callable[[], Running]
) -> None:
    acme.deliver(
        [
            heard(1, account="acct_1"),
            heard(2, id=f"{TRIAL}2"),
            heard(3, object="v2.core.event", data={}),
            heard(4, account="acct_1", livemode=True),
        ]
    )
    work()
    until_walked(acme)
    assert entered(acme) == 10
    assert {each.path for each in double.seen} == {EVENTS}
