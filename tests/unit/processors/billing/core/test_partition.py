"""What becomes of each delivery, and what is told of it."""

from typing import Any

import pytest

from processors.billing.core.partition import Applied
from processors.billing.core.table import KEPT_MS
from schemas.billing_fact import HandlingFailed, HandlingRetried, ObjectSeen, decode_fact
from schemas.instant import HOUR_MS
from schemas.webhook import Origin
from tests.stripe.shapes import event, shape
from tests.unit.processors.billing.mirror_of import (
    TENANT,
    apply,
    mirror_of,
    partition,
    record_of,
    snapshot,
    states,
)

Object = dict[str, Any]


def told(kind: str, at_s: int, changes: Object | None = None, previous: Object | None = None) -> Object:
    """Return an event about the subscription, or of what *kind* speaks of."""
    name = "customer" if kind.count(".") == 1 and kind.startswith("customer") else "subscription"
    about = shape(name) | (changes or {})
    return event(
        kind, about, event_id=f"evt_{kind}_{at_s}_{changes}", created_s=at_s, previous_attributes=previous
    )


CREATED = told("customer.subscription.created", 100, {"status": "incomplete"})
ACTIVE = told("customer.subscription.updated", 200, {"status": "active"}, {"status": "incomplete"})
OBJECT_ID = shape("subscription")["id"]


def test_an_older_event_changes_nothing() -> None:
    of, _ = apply([ACTIVE])
    _, outcome = apply([CREATED], of)
    assert outcome.applied == [Applied.KNOWN]
    assert outcome.states == []
    assert mirror_of([ACTIVE, CREATED])[OBJECT_ID].row["status"] == "active"


def test_the_same_event_again_changes_nothing() -> None:
    of, _ = apply([ACTIVE])
    _, outcome = apply([ACTIVE], of)
    assert (outcome.applied, outcome.states) == ([Applied.KNOWN], [])


def test_history_is_told_of_whatever_the_order() -> None:
    of, first = apply([ACTIVE])
    _, second = apply([CREATED], of)
    seen = [decode_fact(record.value) for record in (*first.facts, *second.facts)]
    assert [(f.at_ms, f.was, f.status) for f in seen if isinstance(f, ObjectSeen)] == [
        (200_000, "incomplete", "active"),
        (100_000, None, "incomplete"),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0, 1), (1, 2, 0)])
def test_what_was_deleted_stays_deleted(order: tuple[int, ...]) -> None:
    customer = shape("customer")["id"]
    events = [
        told("customer.created", 100),
        told("customer.deleted", 200, {"name": "the last"}),
        told("customer.updated", 200, {"name": "before"}, {"name": "x"}),
    ]
    said = mirror_of([events[place] for place in order])[customer]
    assert said.is_deleted
    assert said.row["name"] == "the last"


def test_an_answer_that_an_object_is_gone_keeps_what_was_known_of_it() -> None:
    gone = snapshot(shape("deleted_customer") | {"id": shape("customer")["id"]}, 300)
    for order in ([gone, told("customer.created", 100)], [told("customer.created", 100), gone]):
        said = mirror_of(order)[shape("customer")["id"]]
        assert said.is_deleted
        assert said.row["email"] == shape("customer")["email"]


def test_a_snapshot_is_the_last_word_on_its_second_and_none_on_the_next() -> None:
    asked = snapshot(shape("subscription") | {"status": "past_due"}, 200)
    assert mirror_of([asked, ACTIVE])[OBJECT_ID].row["status"] == "past_due"
    later = told("customer.subscription.updated", 201, {"status": "unpaid"}, {"status": "x"})
    assert mirror_of([later, asked])[OBJECT_ID].row["status"] == "unpaid"


def test_two_versions_of_one_second_that_do_not_tell_are_called_unsettled() -> None:
    one, other = (told("customer.subscription.updated", 200, {"status": s}) for s in ("active", "past_due"))
    assert not mirror_of([one, other])[OBJECT_ID].settled
    assert mirror_of([one, other]) == mirror_of([other, one])


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (None, "the event is about no object"),
        ({"object": "subscription"}, "data.object.id is not text"),
        ({"object": "invoice", "id": "in_1"}, "is not about an object of the kind 'invoice'"),
    ],
)
def test_what_cannot_be_handled_holds_up_nothing_and_is_told_of(about: Object | None, reason: str) -> None:
    bad = event("customer.subscription.updated", about or {}, event_id="evt_bad", created_s=100)
    bad["data"]["object"] = about
    of, outcome = apply([bad, ACTIVE])
    assert outcome.applied == [Applied.FAILED, Applied.APPLIED]
    failed = decode_fact(outcome.facts[0].value)
    assert isinstance(failed, HandlingFailed)
    assert (failed.tenant, failed.event_id) == (TENANT, "evt_bad")
    assert reason in failed.error
    assert mirror_of([ACTIVE])[OBJECT_ID].row == mirror_of([bad, ACTIVE])[OBJECT_ID].row
    assert len(states(of)) == 1


def test_a_retry_that_goes_well_says_so() -> None:
    outcome = partition().apply([record_of(ACTIVE, 0, Origin.RETRY)])
    facts = [decode_fact(record.value) for record in outcome.facts]
    assert [f.event_id for f in facts if isinstance(f, HandlingRetried)] == [ACTIVE["id"]]


def test_trials_and_types_of_no_use_are_passed_by() -> None:
    trial = record_of({**ACTIVE, "id": "evt_weirtest_1"}, 0, Origin.RETRY)
    other = record_of(event("account.updated", {"object": "account"}, event_id="evt_1", created_s=1), 1)
    outcome = partition().apply([trial, other, other._replace(offset=2, value=b"{")])
    assert outcome.applied == [Applied.TRIAL, Applied.UNHANDLED, Applied.UNREADABLE]
    assert (outcome.facts, outcome.states) == ([], [])
    assert outcome.progress is not None


def test_an_object_that_nothing_is_said_of_leaves_memory() -> None:
    of, outcome = apply([ACTIVE])
    of.table.close(outcome.record_time_ms + KEPT_MS)
    assert len(of.table) == 1
    of.table.close(outcome.record_time_ms + KEPT_MS + HOUR_MS)
    assert len(of.table) == 0


def test_states_that_were_restored_are_told_of_no_more_until_they_change() -> None:
    of, outcome = apply([CREATED, ACTIVE])
    again = partition()
    for record in outcome.states:
        again.table.restore(record.key, record.value, 0)
    _, replayed = apply([CREATED], again)
    assert (replayed.states, replayed.progress) == ([], None)
    assert states(again) == states(of)
