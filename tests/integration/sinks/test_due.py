"""What is due: a failed event comes again by itself, and Stripe settles what its events do not."""

import time
from collections.abc import Callable, Iterator

import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.webhook import Origin
from sinks.jobs.defer import defer
from sinks.stripe.api import PATHS
from sinks.stripe.orders import again_order
from tests.integration.console.shipped import apply_shipped
from tests.integration.sinks.stripe_double import StripeDouble, stripe_double
from tests.integration.sinks.stripe_tenant import StripeTenant
from tests.running import Running
from tests.stripe.shapes import Object, event, shape
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    with stripe_double() as running:
        yield running


@pytest.fixture
def acme(settings: Settings, database: Connection, double: StripeDouble, start: Start) -> StripeTenant:
    """Return a tenant whose webhooks are mirrored, by processes that ask the double."""
    apply_shipped(database)
    start("console", "watch")
    start("processors", "billing")
    more = {"WEIR_STRIPE_API": double.address, "WEIR_STRIPE_WALK_SECONDS": "86400"}
    start("sinks", "stripe", "mirror", "jobs", **more)
    return StripeTenant(settings, database)


def updated(status: str, at_s: int) -> Object:
    """Return an event that does not say what was before."""
    about = shape("subscription") | {"status": status}
    return event("customer.subscription.updated", about, event_id=f"evt_{status}", created_s=at_s)


def test_stripe_settles_what_two_events_of_a_second_do_not(acme: StripeTenant, double: StripeDouble) -> None:
    now_s = int(time.time())
    double.put(PATHS["subscription"], shape("subscription") | {"status": "past_due", "created": now_s})
    acme.deliver([updated("past_due", now_s), updated("active", now_s)])
    until(lambda: acme.rows("select from stripe_subscriptions where settled and status = 'past_due'"))
    until(lambda: not acme.rows("select from stripe_doubts"))
    assert acme.landed()[-1].origin is Origin.SNAPSHOT


def test_an_event_that_failed_comes_again_by_itself_and_when_it_is_asked_for(acme: StripeTenant) -> None:
    bad = event("invoice.paid", {"object": "invoice"}, event_id="evt_bad", created_s=int(time.time()))
    acme.deliver([bad, updated("active", int(time.time()))])
    until(lambda: acme.rows("select from stripe_subscriptions"))
    until(lambda: acme.rows("select from webhook_failures where attempts = 2 and state = 'waiting'"))
    assert [landed.origin for landed in acme.landed()] == [Origin.WEBHOOK, Origin.WEBHOOK, Origin.RETRY]

    defer(acme.database, again_order(acme.tenant, ["evt_bad", "evt_nobody"]))
    until(lambda: acme.rows("select from webhook_failures where attempts = 3"))
