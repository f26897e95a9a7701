"""The mirror in PostgreSQL: newer wins, deleted stays deleted, what fails is tried again, then given up."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from processors.billing.core.partition import BillingPartition
from processors.billing.core.table import MirrorTable
from runtime.kafka import producer_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.billing_fact import Fact, HandlingFailed, HandlingRetried, encode_fact
from schemas.instant import MINUTE_MS, SECOND_MS
from schemas.partition import partition_of_tenant
from schemas.topics import BILLING, MIRROR, STRIPE, topic_name
from schemas.webhook import Envelope, Headers, Origin, headers_of
from tests.running import Running
from tests.stripe.shapes import Object, as_sent, event, shape
from tests.unit.processors.billing.mirror_of import TENANT, record_of
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]


class Log:
    """Writes `weir.mirror` and `weir.billing` as the processor does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = Producer(producer_config(settings, "test"))
        self._partition = partition_of_tenant(TENANT, settings.partitions)
        self._next_offset = 0

    def apply(self, *events: Object, forgetful: bool = True) -> None:
        """Have a processor apply *events*; a forgetful one knows nothing of those before."""
        if forgetful or not hasattr(self, "_state"):
            self._state = BillingPartition(1, MirrorTable(), None)
        records = [record_of(one, self._next_offset + place) for place, one in enumerate(events)]
        self._next_offset += len(events)
        outcome = self._state.apply(records)
        for record in outcome.facts:
            self.write(BILLING.name, record.key, record.value)
        for record in outcome.states:
            self.write(MIRROR.name, record.key, record.value)

    def tell(self, *facts: Fact) -> None:
        """Write *facts*."""
        for fact in facts:
            self.write(BILLING.name, *encode_fact(fact))

    def write(self, topic: str, key: bytes, value: bytes, headers: Headers | None = None) -> None:
        """Write anything, and wait until the broker has it."""
        self._producer.produce(
            self._settings.topic_prefix + topic, value, key, partition=self._partition, headers=headers
        )
        assert self._producer.flush(20) == 0


@pytest.fixture
def log(database: Connection, settings: Settings) -> Log:
    """Return a writer; the topics are there."""
    assert not database.closed
    return Log(settings)


def rows(database: Connection, query: str) -> list[Any]:
    return database.execute(query).fetchall()


def told(kind: str, of: str, at_s: int, **changes: object) -> Object:
    about = shape(of) | changes
    return event(kind, about, event_id=f"evt_{kind}_{at_s}", created_s=at_s)


def test_a_newer_state_wins_even_over_a_processor_that_has_forgotten(
    log: Log, database: Connection, start: Start
) -> None:
    log.apply(told("customer.updated", "customer", 200, name="new"))
    log.apply(told("customer.deleted", "customer", 100, name="old"))
    start("sinks", "mirror")
    until(lambda: rows(database, "select 1 from stripe_customers where deleted_at_ms = 100000"))
    assert rows(database, "select name, as_of_ms from stripe_customers") == [("new", 200_000)]

    log.apply(told("customer.updated", "customer", 300, name="newest"))
    until(lambda: rows(database, "select 1 from stripe_customers where name = 'newest'"))
    assert rows(database, "select deleted_at_ms from stripe_customers") == [(100_000,)]


def test_lines_are_those_of_the_newest_state_and_a_first_page_is_a_doubt(
    log: Log, database: Connection, start: Start
) -> None:
    line = shape("invoice")["lines"]["data"][0]
    two = {"object": "list", "data": [line, line | {"id": "il_2"}], "has_more": True}
    log.apply(told("invoice.created", "invoice", 100, lines=two))
    start("sinks", "mirror")
    until(lambda: rows(database, "select 1 from stripe_invoice_lines where position = 1"))
    assert rows(database, "select object_kind, why from stripe_doubts") == [("invoice", "lines")]

    log.apply(told("invoice.updated", "invoice", 200))
    until(lambda: not rows(database, "select 1 from stripe_doubts"))
    assert rows(database, "select position, id from stripe_invoice_lines") == [(0, line["id"])]


def failed(stamp: int, at_ms: int) -> HandlingFailed:
    return HandlingFailed(
        tenant=TENANT, event_id="evt_1", type="invoice.paid", error="no", recorded_at_ms=at_ms, stamp=stamp
    )


def test_what_fails_is_due_again_later_and_later_and_then_a_dead_letter(
    log: Log, settings: Settings, database: Connection, start: Start
) -> None:
    payload = as_sent(event("invoice.paid", {"object": "invoice"}, event_id="evt_1", created_s=1))
    headers = headers_of(Envelope(TENANT, 7, Origin.WEBHOOK), None)
    log.write(STRIPE.name, b"", payload, headers=headers)
    start("sinks", "stripe", "mirror", "dead-letters")
    until(lambda: rows(database, "select 1 from webhook_deliveries"))

    state = "select attempts, state, retry_at_ms - failed_at_ms from webhook_failures"
    for attempt, delay_ms in enumerate((10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS), 1):
        log.tell(failed(attempt, 1_000_000), failed(attempt, 1_000_000))
        expected = (attempt, "waiting", delay_ms)
        until(lambda expected=expected: rows(database, state) == [expected])  # type: ignore[misc]
    log.tell(failed(4, 2_000_000))
    until(lambda: rows(database, state) == [(4, "permanent", None)])
    until(lambda: rows(database, "select 1 from dead_letters"))
    topic = topic_name(settings.topic_prefix, STRIPE)
    assert rows(database, "select topic, stage, reason, tenant, original from dead_letters") == [
        (topic, "sink:mirror", "unhandled", TENANT, payload)
    ]

    log.tell(HandlingRetried(tenant=TENANT, event_id="evt_1", recorded_at_ms=3_000_000, stamp=5))
    until(lambda: rows(database, state) == [(4, "handled", None)])


def test_a_state_that_nobody_can_read_is_set_aside_alone(
    log: Log, database: Connection, start: Start
) -> None:
    log.write(MIRROR.name, b'["object","acme","customer","cus_1"]', b"{")
    log.apply(told("customer.created", "customer", 100))
    start("sinks", "mirror", "dead-letters")
    until(lambda: rows(database, "select 1 from stripe_customers"))
    until(lambda: rows(database, "select 1 from dead_letters where stage = 'sink:mirror'"))
