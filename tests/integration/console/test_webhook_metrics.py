"""What Stripe has told of lately, counted: by the API and by the command, which agree."""

import time
from typing import Any

import pytest
from psycopg.sql import SQL

from console.control.core.key import hash_of
from console.queries import queries
from console.webhooks.core.metrics import window_before
from runtime.postgres import Connection, as_reader, connect
from runtime.settings import Settings
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS, parse_instant
from tests.described import hold
from tests.integration.console.api import Client, client_of
from tests.integration.console.command import Command
from tests.integration.console.mirror import Mirrorer, told
from tests.integration.console.two_tenants import put_two_tenants
from tests.integration.console.webhooks import Recorder, event

pytestmark = pytest.mark.integration
METRICS = "/v1/webhooks/metrics"


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


def asked(client: Client, **given: str) -> Any:  # noqa: ANN401 -- as JSON has it
    answer = client.get(METRICS, **given)
    assert answer.status == 200, answer.body
    hold("get", METRICS, 200, answer.body)
    return answer.body


def by_type(body: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {
        each["type"]: (each["events"], each["repeats"], each["conflicts"]) for each in body["events_by_type"]
    }


def test_events_are_counted_once_each_by_type_within_the_window(
    acme: Client, connection: Connection, now_ms: int, address: str
) -> None:
    """Whatever hour an event is of: those of the first one are counted one by one."""
    recorder = Recorder(connection, now_ms)
    aged = {"now": 0, "minute": 1, "hour": 59, "two": 119, "day": 23 * 60, "old": 25 * 60, "month": 719 * 60}
    for name, minutes in aged.items():
        at_ms = now_ms - minutes * MINUTE_MS
        recorder.put("acme", event(f"evt_{name}", "invoice.paid"), at_ms=at_ms)
    recorder.put("acme", event("evt_never", "invoice.paid"), at_ms=now_ms - 31 * DAY_MS)
    recorder.put("acme", event("evt_c", "charge.failed", id="ch_1"), at_ms=now_ms - MINUTE_MS)
    for name in ("evt_c", "evt_month"):
        about = {"id": "ch_1"} if name == "evt_c" else {}
        kind = "charge.failed" if name == "evt_c" else "invoice.paid"
        recorder.put("acme", event(name, kind, **about), at_ms=now_ms - MINUTE_MS)
    recorder.put("acme", event("evt_c", "charge.failed", id="ch_2"), at_ms=now_ms - MINUTE_MS)
    recorder.put("globex", event("evt_g", "invoice.paid"), at_ms=now_ms)

    charge = {"charge.failed": (1, 1, 1)}
    for hours, events in {"0.1": 2, "1.5": 3, "2.5": 4, "24": 5, "48": 6, "720": 7}.items():
        body = asked(acme, window_hours=hours)
        assert by_type(body) == {"invoice.paid": (events, 1, 0), **charge}, hours
        assert (body["events"], body["window_hours"]) == (events + 1, hours)
    body = asked(acme)
    assert body["window_hours"] == "24"
    assert parse_instant(body["to"]) - parse_instant(body["from"]) == DAY_MS
    assert by_type(asked(client_of(connection, address, "globex"))) == {"invoice.paid": (1, 0, 0)}


def test_the_counts_are_those_of_the_record(connection: Connection, now_ms: int) -> None:
    recorder = Recorder(connection, now_ms - 3 * HOUR_MS)
    for number in range(40):
        recorder.put(
            "acme",
            *(event(f"evt_{number * turn % 17}", "invoice.paid", note=number % 3) for turn in range(5)),
            at_ms=now_ms - number * 7 * MINUTE_MS,
        )
    counted = """
        select tenant, recorded_at_ms - recorded_at_ms % 3600000, type,
            count(*) filter (where sighting = 'first'), count(*) filter (where sighting = 'repeat'),
            count(*) filter (where sighting = 'conflict')
        from webhook_deliveries group by 1, 2, 3 order by 1, 2, 3
    """
    hours = connection.execute("select * from webhook_hours order by tenant, hour_ms, type").fetchall()
    assert hours == connection.execute(counted.encode()).fetchall()
    assert len(hours) > 3


def test_a_failure_rate_is_of_the_charges_that_ended(
    acme: Client, connection: Connection, now_ms: int, weir: Command, address: str
) -> None:
    mirror, now_s = Mirrorer(connection), now_ms // 1_000

    def charge(name: str, status: str, *, age_s: int = 60, tenant: str = "acme", **changes: object) -> None:
        about = {"id": name, "status": status, "created": now_s - age_s, "amount": 700, **changes}
        mirror.apply(tenant, told("charge.updated", "charge", now_s - age_s, **about))

    charge("ch_1", "succeeded", amount_captured=500)
    charge("ch_2", "succeeded", amount_captured=None)
    charge("ch_3", "failed", amount_captured=0)
    charge("ch_4", "pending", amount_captured=0)
    charge("ch_yen", "failed", currency="jpy", amount=90)
    charge("ch_old", "failed", age_s=25 * 3_600)
    charge("ch_1", "succeeded", tenant="globex", amount_captured=1)
    # Many other events are no denominator.
    Recorder(connection, now_ms - MINUTE_MS).put("acme", *(event(f"evt_{n}") for n in range(50)))

    body = asked(acme)
    assert (body["charges"], body["failure_rate"], body["events"]) == (5, "0.5000", 50)
    assert body["charges_by_currency"] == [
        {
            "currency": "jpy",
            "charges": 1,
            "succeeded": 0,
            "failed": 1,
            "pending": 0,
            "succeeded_amount": 0,
            "failed_amount": 90,
            "pending_amount": 0,
            "failure_rate": "1.0000",
        },
        {
            "currency": "usd",
            "charges": 4,
            "succeeded": 2,
            "failed": 1,
            "pending": 1,
            "succeeded_amount": 1_200,
            "failed_amount": 700,
            "pending_amount": 700,
            "failure_rate": "0.3333",
        },
    ]
    assert asked(acme, window_hours="48")["failure_rate"] == "0.6000"
    globex = asked(client_of(connection, address, "globex"))
    assert (globex["charges"], globex["failure_rate"]) == (1, "0.0000")
    charge("ch_5", "failed")
    assert asked(acme)["failure_rate"] == "0.6000"

    said = weir.json("webhook", "stats", "--tenant", "acme")
    fresh = asked(acme)
    assert {**said, "from": "", "to": ""} == {**fresh, "from": "", "to": ""}
    printed = weir("webhook", "stats", "--tenant", "acme", "--window", "48h")
    for word in ("invoice.paid", "12.00 USD", "90 JPY", "0.6000"):
        assert word in printed, word
    assert "failure rate" in weir.err
    lines = weir("webhook", "stats", "--tenant", "acme", "--format", "csv").splitlines()
    assert lines[:2] == ["what,of,number", "event,invoice.paid,50"]
    assert "charge failed_amount,jpy,90" in lines


def test_nothing_lately_is_no_rate(acme: Client) -> None:
    body = asked(acme, window_hours="720")
    assert (body["events"], body["charges"], body["failure_rate"]) == (0, 0, None)
    assert (body["events_by_type"], body["charges_by_currency"]) == ([], [])


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"window_hours": "0.09"}, "/window_hours"),
        ({"window_hours": "720.1"}, "/window_hours"),
        ({"window_hours": "24h"}, "/window_hours"),
        ({"window_hours": "NaN"}, "/window_hours"),
        ({"window": "24"}, "/window"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(acme: Client, given: dict[str, str], pointer: str) -> None:
    answer = acme.get(METRICS, **given)
    assert (answer.status, [each["pointer"] for each in answer.body["errors"]]) == (400, [pointer])


def test_the_command_refuses_what_is_beyond(weir: Command, acme: Client) -> None:
    del acme
    for window in ("5m", "31d", "24"):
        weir("webhook", "stats", "--tenant", "acme", "--window", window)
        assert (weir.code, "--window" in weir.err) == (2, True), window


MANY = """
insert into webhook_deliveries
select 'acme', 'evt_many_' || n, 'invoice.paid', 'in_' || n, 'invoice', null, null, true, 0, 0,
    recorded_at_ms - 120000 * n::bigint, origin, odd, sighting, generation, partition, 1000000 + n, payload,
    marks
from (select * from webhook_deliveries limit 1) one, generate_series(1, 20000) n
"""
MANY_HOURS = """
insert into webhook_hours
select 't-' || t, hour_ms - 3600000 * n::bigint, type, 1, 0, 0
from (select * from webhook_hours limit 1) one, generate_series(1, 100) t, generate_series(1, 300) n
"""
MANY_CHARGES = """
insert into stripe_charges
    (tenant, id, created_at_ms, status, currency, amount, amount_refunded, metadata, as_of_ms, event_id,
    settled, stamp)
select tenant, 'ch_' || n, %(now_ms)s - 60000 * n::bigint, 'succeeded', 'usd', 1, 0, '{}', 0, '', true, 1
from unnest(array['acme', 'globex']) tenant, generate_series(1, 30000) n
"""


def test_a_window_reads_little_more_than_itself(connection: Connection, settings: Settings) -> None:
    now_ms = parse_instant("2026-10-30T12:34:56Z")  # late in a month, which is then not empty
    keys = put_two_tenants(connection)
    Recorder(connection, now_ms - 1_000).put("acme", event("evt_one"))
    connection.execute(MANY.encode())
    connection.execute(MANY_HOURS.encode())
    connection.execute(MANY_CHARGES.encode(), {"now_ms": now_ms})
    connection.execute("vacuum analyze webhook_deliveries, webhook_hours, stripe_charges")
    window = {"tenant": "acme", **window_before(now_ms, 24 * HOUR_MS)._asdict()}
    with connect(as_reader(settings, hash_of(keys.acme)), "test", autocommit=True) as reader:
        for name in ("events_by_type", "charges_by_currency"):
            question = SQL("explain (analyze, format json) ") + queries("console.webhooks")[name]
            ((found,),) = reader.execute(question, window, prepare=False).fetchall()
            nodes: list[dict[str, Any]] = [found[0]["Plan"]]
            for node in nodes:
                nodes += node.get("Plans", [])
            scans = [node for node in nodes if "Relation Name" in node or "Index Name" in node]
            assert scans, name
            for scan in scans:
                assert scan["Node Type"] != "Seq Scan", scan
                assert scan.get("Rows Removed by Filter", 0) == 0, scan
                conditions = scan.get("Index Cond", "") + scan.get("Recheck Cond", "")
                assert "tenant = 'acme'" in conditions, scan
                assert "_ms >= " in conditions, scan
        assert scans[0]["Node Type"] == "Index Only Scan", "of charges, the table is not read"
