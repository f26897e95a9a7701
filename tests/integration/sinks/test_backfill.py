"""A backfill: all that Stripe still has comes in once, wherever it is stopped, and twice changes nothing."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.control.backfills import order_backfill
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.webhook import Origin
from sinks.jobs.defer import defer
from sinks.stripe.api import PATHS
from sinks.stripe.core.spans import HORIZON_S, Span
from sinks.stripe.core.stages import KINDS
from sinks.stripe.orders import snapshot_order
from tests.integration.sinks.stripe_double import StripeDouble, stripe_double
from tests.integration.sinks.stripe_tenant import EVENTS, HOUR_S, Landed, StripeTenant, past_events
from tests.running import Running
from tests.waiting import until

pytestmark = pytest.mark.integration
DAY_S = 24 * HOUR_S
Work = Callable[..., Running]


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    """Return one that has events of the last days, and older objects of each kind, many of them invoices."""
    old_s = int(time.time()) - 90 * DAY_S
    with stripe_double() as running:
        running.put(EVENTS, *past_events(120, spread_s=20 * DAY_S))
        for kind in KINDS:
            running.put(PATHS[kind], {"id": f"{kind}_1", "object": kind, "created": old_s, "livemode": False})
        running.put(
            PATHS["invoice"],
            *(
                {
                    "id": f"in_old{number}",
                    "object": "invoice",
                    "created": old_s + number,
                    "livemode": False,
                    "_lines": [{"id": f"il_{number}_{line}"} for line in range(12 if number == 7 else 2)],
                }
                for number in range(149)
            ),
        )
        running.put(PATHS["customer"], {"id": "cus_too_old", "object": "customer", "created": old_s - DAY_S})
        yield running


@pytest.fixture
def acme(settings: Settings, database: Connection) -> StripeTenant:
    return StripeTenant(settings, database)


@pytest.fixture
def work(start: Callable[..., Running], double: StripeDouble) -> Work:
    """Start the jobs and the record; walks come once a day, and not in the first."""

    def starter(*words: str, **environ: str) -> Running:
        more = {"WEIR_STRIPE_API": double.address, "WEIR_STRIPE_WALK_SECONDS": "86400", **environ}
        return start("sinks", *(words or ("stripe", "jobs")), **more)

    return starter


def ordered(acme: StripeTenant, from_s: int | None = None) -> str:
    """Order a backfill of all that the double has, and return its id."""
    now_s = int(time.time())
    number = acme.rows("select count(*) from stripe_backfills")[0][0]
    span = Span(now_s - 90 * DAY_S - HOUR_S if from_s is None else from_s, now_s)
    backfill_id, is_new = order_backfill(acme.database, acme.tenant, span, bytes([number] * 4), now_s * 1_000)
    assert is_new
    return backfill_id


def state(acme: StripeTenant, backfill_id: str) -> str:
    rows = acme.rows("select backfill_id, state from stripe_backfills")
    return str(dict(rows)[backfill_id])


def object_of(record: Landed) -> dict[str, Any]:
    """Return what the event in *record* is about."""
    return dict(json.loads(record.payload)["data"]["object"])


def without_walks(acme: StripeTenant) -> None:
    """Let everything look walked: these tests are about backfills."""
    now_s = int(time.time())
    acme.database.execute(
        "insert into stripe_spans values (%s, %s, %s)", (acme.tenant, now_s - HORIZON_S, now_s + HOUR_S)
    )


def test_events_come_from_the_list_and_what_is_older_as_objects(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    without_walks(acme)
    backfill_id = ordered(acme)
    work()
    until(lambda: state(acme, backfill_id) == "done")

    landed = acme.landed()
    origins = Counter(each.origin for each in landed)
    assert origins == {Origin.BACKFILL: 120, Origin.SNAPSHOT: len(KINDS) + 149}
    fetched = [object_of(each) for each in landed if each.origin is Origin.SNAPSHOT]
    objects = {each["id"]: each for each in fetched}
    assert len(objects) == len(KINDS) + 149
    assert "cus_too_old" not in objects
    assert [line["id"] for line in objects["in_old7"]["lines"]["data"]] == [
        f"il_7_{line}" for line in range(12)
    ]
    assert objects["in_old7"]["lines"]["has_more"] is False
    statuses = {each.params.get("status") for each in double.seen if each.path == PATHS["subscription"]}
    assert statuses == {"all"}
    assert acme.rows("select read, entered, stage, failure from stripe_backfills") == [
        (120 + len(objects), 120 + len(objects), None, None)
    ]


def test_twice_the_same_changes_nothing_and_what_changed_comes(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    without_walks(acme)
    work()
    first = ordered(acme)
    until(lambda: state(acme, first) == "done")
    landed = len(acme.landed())
    second = ordered(acme)
    until(lambda: state(acme, second) == "done")
    assert len(acme.landed()) == landed

    double.lists[PATHS["charge"]][0]["refunded"] = True
    third = ordered(acme)
    until(lambda: state(acme, third) == "done")
    new = acme.landed()[landed:]
    assert [object_of(each)["refunded"] for each in new] == [True]


@pytest.mark.parametrize(("path", "pages"), [(EVENTS, 1), (PATHS["invoice"], 1), (PATHS["refund"], 0)])
def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(
    acme: StripeTenant, double: StripeDouble, work: Work, path: str, pages: int
) -> None:
    without_walks(acme)
    backfill_id = ordered(acme)
    double.hold_after = (path, pages)
    work("stripe")
    worker = work("jobs", WEIR_INSTANCE="jobs-a")
    until(lambda: double.asked(path) > pages)
    worker.kill()
    asked = double.asked(EVENTS)
    acme.database.execute("update stripe_backfills set cursor = null")  # as if the last page was not stored
    double.hold_after = None
    double.open.set()
    work("jobs", WEIR_INSTANCE="jobs-b")
    until(lambda: state(acme, backfill_id) == "done")

    objects = Counter(
        each.event_id if each.origin is Origin.BACKFILL else object_of(each)["id"] for each in acme.landed()
    )
    assert set(objects.values()) == {1}
    assert len(objects) == 120 + len(KINDS) + 149
    assert path == EVENTS or double.asked(EVENTS) == asked


def test_one_object_is_fetched_for_whoever_orders_it_in_a_transaction_of_its_own(
    acme: StripeTenant, work: Work
) -> None:
    without_walks(acme)
    with acme.database.transaction():
        for object_id in ("in_old7", "in_old7", "in_nobody"):
            defer(acme.database, snapshot_order(acme.tenant, "invoice", object_id))
    work("jobs")
    ordered_so = "select from jobs.procrastinate_jobs where task_name = 'stripe.snapshot' and status = '{}'"
    until(lambda: acme.rows(ordered_so.format("failed")))
    until(lambda: not acme.rows(ordered_so.format("todo")) and not acme.rows(ordered_so.format("doing")))
    [landed] = acme.landed()
    assert landed.origin is Origin.SNAPSHOT
    assert len(object_of(landed)["lines"]["data"]) == 12


def test_a_backfill_that_a_person_has_to_help_says_why(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    without_walks(acme)
    double.forbidden.add(PATHS["dispute"])
    backfill_id = ordered(acme)
    work()
    until(lambda: state(acme, backfill_id) == "failed")
    [(stage, failure)] = acme.rows("select stage, failure from stripe_backfills")
    assert stage == "dispute"
    assert "lacks a permission" in failure


def test_a_walk_goes_before_a_backfill_and_neither_enters_what_the_other_did(
    acme: StripeTenant, double: StripeDouble, work: Work
) -> None:
    backfill_id = ordered(acme, int(time.time()) - 25 * DAY_S)
    work(WEIR_STRIPE_WALK_SECONDS="2")
    until(lambda: state(acme, backfill_id) == "done")
    until(lambda: acme.rows("select from stripe_walks where ended_at_ms is not null and from_s is null"))
    assert Counter(each.event_id for each in acme.landed()) == Counter(
        {each["id"]: 1 for each in double.lists[EVENTS]}
    )
