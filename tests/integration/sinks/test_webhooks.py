"""The record of webhooks: every delivery once, each event's content for ever, months made as they come."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.webhook import Envelope, Origin, headers_of
from sinks.sql import downgrade, migrate
from tests.integration.sinks.webhooks import EVENT, Stripe
from tests.running import Running
from tests.waiting import until

pytestmark = pytest.mark.integration
Start = Callable[..., Running]


def deliveries(database: Connection, columns: str = "event_id, sighting") -> list[Any]:
    """Return the record, in its order."""
    found = database.execute(
        f"select {columns} from webhook_deliveries order by partition, source_offset"  # noqa: S608
    )
    return found.fetchall()


def hours(database: Connection) -> list[Any]:
    """Return what is counted by hour, tenant and type; first, again, and with something else."""
    counted = database.execute("select * from webhook_hours order by tenant, hour_ms, type").fetchall()
    recorded = database.execute("""
        select tenant, recorded_at_ms / 3600000 * 3600000, type, count(*) filter (where sighting = 'first'),
            count(*) filter (where sighting = 'repeat'), count(*) filter (where sighting = 'conflict')
        from webhook_deliveries group by 1, 2, 3 order by 1, 2, 3
    """)
    assert counted == recorded.fetchall()
    return counted


def test_every_delivery_is_recorded_with_what_it_says_of_itself(
    stripe: Stripe, database: Connection, start: Start
) -> None:
    payload = stripe.send()
    odd = stripe.send(id="evt_2", data={"object": None}, created="soon", note="\0")
    start("sinks", "stripe")
    until(lambda: len(deliveries(database)) == 2)

    assert deliveries(
        database,
        "tenant, event_id, type, object_id, object_type, api_version, livemode, created_at_ms, "
        "received_at_ms, origin, odd, payload",
    ) == [
        (
            *(
                "acme",
                "evt_1",
                "invoice.paid",
                "in_1",
                "invoice",
                "2026-10-28.clover",
                True,
                1_795_255_200_000,
            ),
            *(7, "webhook", None, payload),
        ),
        (
            *("acme", "evt_2", "invoice.paid", None, None, "2026-10-28.clover", True, None),
            *(7, "webhook", "no_object", odd),
        ),
    ]


def test_what_comes_again_is_counted_and_what_says_something_else_is_kept(
    stripe: Stripe, database: Connection, start: Start
) -> None:
    stripe.send()
    stripe.send(pending_webhooks=1)
    other = stripe.send(data={"object": {"id": "in_1", "object": "invoice", "total": 1}})
    older = stripe.send(
        api_version="2020-08-27", data={"object": {"id": "in_1", "object": "invoice", "x": 1}}
    )
    stripe.send(tenant="bolt")
    stripe.send()
    start("sinks", "stripe")
    until(lambda: len(deliveries(database)) == 6)

    of_acme = [
        (sighting, payload)
        for tenant, sighting, payload in deliveries(database, "tenant, sighting, payload")
        if tenant == "acme"
    ]
    assert [sighting for sighting, _ in of_acme] == ["first", "repeat", "conflict", "repeat", "repeat"]
    assert [payload for _, payload in of_acme][1:] == [None, other, older, None]
    events = database.execute("select tenant, event_id, repeats, conflicts from webhook_events order by 1")
    assert events.fetchall() == [("acme", "evt_1", 3, 1), ("bolt", "evt_1", 0, 0)]
    assert [sum(hour[place] for hour in hours(database)) for place in (3, 4, 5)] == [2, 3, 1]


def test_kills_change_nothing(stripe: Stripe, database: Connection, start: Start) -> None:
    process = start("sinks", "stripe", WEIR_SINK_INTERVAL_MS="5")
    for round_ in range(3):
        for number in range(200):
            stripe.send(id=f"evt_{round_}_{number % 100}")
        process.kill()
        process.restart()
    until(lambda: len(deliveries(database)) == 600)
    counts = database.execute("select count(*), sum(repeats), sum(conflicts) from webhook_events").fetchone()
    assert counts == (300, 300, 0)
    assert [sum(hour[place] for hour in hours(database)) for place in (3, 4, 5)] == [300, 300, 0]


def test_a_record_that_is_no_webhook_is_set_aside_and_the_log_moves_on(
    stripe: Stripe, database: Connection, start: Start
) -> None:
    good = headers_of(Envelope("acme", 7, Origin.WEBHOOK), None)
    stripe.append(b"no event", good)
    stripe.append(json.dumps(EVENT).encode(), [])
    stripe.append(json.dumps(EVENT).encode(), [*good[:1], ("received-at-ms", b"9" * 30), *good[2:]])
    stripe.send()
    start("sinks", "stripe", "dead-letters")
    until(lambda: len(deliveries(database)) == 1)

    def letters() -> list[Any]:
        found = database.execute('select stage, reason from dead_letters order by partition, "offset"')
        return found.fetchall()

    until(lambda: len(letters()) == 3)
    assert letters() == [
        ("sink:stripe", "unreadable"),
        ("sink:stripe", "unreadable"),
        ("sink:stripe", "refused"),
    ]


def test_months_are_made_once_and_kept_apart_by_tenant(database: Connection) -> None:
    months = (
        1_793_491_200_000,
        1_793_491_199_999,
        1_796_083_200_000,
    )  # 2026-11-01, the ms before, 2026-12-01
    for at_ms in months * 2:
        database.execute("select webhook_month(%s)", (at_ms,))
    found = database.execute(
        "select relname, relrowsecurity and relforcerowsecurity, pg_get_expr(relpartbound, oid) "
        "from pg_class where relname ~ '^webhook_deliveries_\\d' and relkind = 'r' order by relname"
    ).fetchall()
    assert found == [
        ("webhook_deliveries_2026_10", True, "FOR VALUES FROM ('1790812800000') TO ('1793491200000')"),
        ("webhook_deliveries_2026_11", True, "FOR VALUES FROM ('1793491200000') TO ('1796083200000')"),
        ("webhook_deliveries_2026_12", True, "FOR VALUES FROM ('1796083200000') TO ('1798761600000')"),
    ]


def test_an_event_keeps_the_hash_of_what_it_said_first(
    stripe: Stripe, database: Connection, start: Start
) -> None:
    stripe.send()
    start("sinks", "stripe")
    until(lambda: len(deliveries(database)) == 1)
    said = {name: value for name, value in EVENT.items() if name != "pending_webhooks"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    kept = database.execute("select content_hash from webhook_events").fetchone()
    assert kept == (hashlib.sha256(text).digest(),)


def test_a_row_that_postgresql_refuses_is_set_aside_among_its_neighbours(
    stripe: Stripe, database: Connection, start: Start
) -> None:
    good = headers_of(Envelope("acme", 7, Origin.WEBHOOK), None)
    for number in range(20):
        stripe.send(id=f"evt_{number % 10}")
        if number % 7 == 0:
            stripe.append(json.dumps(EVENT).encode(), [("tenant", b"a\0b"), *good[1:]])
    start("sinks", "stripe", "dead-letters")
    until(lambda: len(deliveries(database)) == 20)
    until(lambda: database.execute("select count(*) from dead_letters").fetchone() == (3,))
    assert [sighting for _, sighting in deliveries(database)] == ["first"] * 10 + ["repeat"] * 10
    counts = database.execute("select count(*), sum(repeats), sum(conflicts) from webhook_events").fetchone()
    assert counts == (10, 10, 0)


def test_deliveries_that_were_recorded_before_are_marked_and_counted_by_the_migrations(
    stripe: Stripe, database: Connection, start: Start, settings: Settings
) -> None:
    stripe.send()
    stripe.send()
    stripe.send(tenant="bolt", data={"object": {"id": "in_1", "object": "invoice", "note": "\0 Ada"}})
    stripe.send(data={"object": None})
    sink = start("sinks", "stripe")
    until(lambda: len(deliveries(database)) == 4)
    assert sink.terminate() == 0
    before, counted = deliveries(database, "marks"), hours(database)
    downgrade(settings.postgres, "0006")
    migrate(settings.postgres)
    assert deliveries(database, "marks") == before
    assert (hours(database), len(counted) >= 2) == (counted, True)
    assert len({mark for (marks,) in before for mark in marks}) > 20
