"""The record of webhooks as people search it: by the command and by the API, which agree."""

import base64
import itertools

import pytest
from psycopg.sql import SQL

from console.control.core.key import hash_of
from console.queries import queries
from console.webhooks.core.wanted import TOP, Wanted, days_of, words_wanted
from runtime.postgres import Connection, as_reader, connect
from runtime.settings import Settings
from schemas.instant import DAY_MS, format_instant
from tests.described import hold
from tests.integration.console.api import Client, client_of
from tests.integration.console.command import Command
from tests.integration.console.two_tenants import put_two_tenants
from tests.integration.console.webhooks import Recorder, event

pytestmark = pytest.mark.integration

#: 2026-10-30, so that days and months end on the way.
START_MS = 1_793_318_400_000
JANE = {"customer_email": "Jane.Doe@example.com", "description": "Pro plan, 3 seats"}
JOHN = {"customer_email": "john@example.com", "description": "Starter plan"}


@pytest.fixture
def recorded(acme: Client, connection: Connection) -> Client:
    """Return a client of acme, whose record has an event a day, and some more on the last one."""
    recorder = Recorder(connection, START_MS)
    for day in range(5):
        at_ms = START_MS + day * DAY_MS
        about = JANE if day % 2 else JOHN
        recorder.put("acme", event(f"evt_{day}", "invoice.paid", **about), at_ms=at_ms)
        recorder.put("globex", event(f"evt_{day}", "invoice.paid", **about), at_ms=at_ms)
    last_ms = START_MS + 4 * DAY_MS
    recorder.put("acme", event("evt_c", "charge.failed", id="ch_1", **JOHN), at_ms=last_ms + 1)
    recorder.put(
        "acme",
        event("evt_c", "charge.failed", id="ch_1", **JOHN),
        event("evt_c", "charge.failed", id="ch_1", **JANE),
        at_ms=last_ms + 2,
    )
    return acme


def ids(client: Client, **parameters: str) -> list[str]:
    answer = client.get("/v1/webhooks", **parameters)
    assert answer.status == 200, answer.body
    hold("get", "/v1/webhooks", 200, answer.body)
    return [each["event_id"] for each in answer.body["data"]]


def day(number: int) -> str:
    return format_instant(START_MS + number * DAY_MS)


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["evt_c"] * 3 + ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]),
    ({"type": "charge.failed"}, ["evt_c"] * 3),
    ({"type": "charge"}, []),
    ({"object": "ch_1"}, ["evt_c"] * 3),
    ({"object": "invoice_1"}, ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]),
    ({"sighting": "repeat"}, ["evt_c"]),
    ({"sighting": "conflict"}, ["evt_c"]),
    ({"sighting": "first", "type": "charge.failed"}, ["evt_c"]),
    ({"text": "jane"}, ["evt_c", "evt_3", "evt_1"]),
    ({"text": "JOHN@example.com"}, ["evt_c", "evt_c", "evt_4", "evt_2", "evt_0"]),
    ({"text": "seats, doe"}, ["evt_c", "evt_3", "evt_1"]),
    ({"text": "john seats"}, []),
    ({"text": "evt_3"}, ["evt_3"]),
    ({"text": "jane", "type": "invoice.paid"}, ["evt_3", "evt_1"]),
    ({"text": "john", "object": "ch_1", "sighting": "repeat"}, ["evt_c"]),
    ({"text": "jane", "from": day(1), "to": day(3)}, ["evt_1"]),
    ({"from": day(2), "to": day(4)}, ["evt_3", "evt_2"]),
    ({"type": "invoice.paid", "from": day(3)}, ["evt_4", "evt_3"]),
    ({"from": "2031-01-01T00:00:00Z"}, []),
]


def test_all_filters_together_hold_for_the_api_and_for_the_command(recorded: Client, weir: Command) -> None:
    for given, expected in FILTERS:
        assert ids(recorded, **given) == expected, given
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        found = weir.json("webhook", "list", "--tenant", "acme", *words)
        assert [each["event_id"] for each in found] == expected, given


def test_the_index_finds_what_is_not_among_the_newest(
    recorded: Client, weir: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    del recorded
    monkeypatch.setattr("console.webhooks.reading._LOOK_AT", 0)
    for given, expected in FILTERS:
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        found = weir.json("webhook", "list", "--tenant", "acme", *words)
        assert [each["event_id"] for each in found] == expected, given


@pytest.mark.parametrize(
    "given", [{}, {"text": "example"}, {"type": "charge.failed"}, {"object": "invoice_1"}]
)
def test_pages_follow_each_other_whatever_comes_meanwhile(
    recorded: Client, connection: Connection, given: dict[str, str]
) -> None:
    whole = [each["position"] for each in recorded.get("/v1/webhooks", **given).body["data"]]
    newer = Recorder(connection, START_MS + 9 * DAY_MS)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for number in itertools.count():
        body = recorded.get("/v1/webhooks", limit="1", **given, **cursor).body
        seen += [each["position"] for each in body["data"]]
        newer.put("acme", event(f"evt_new_{number}", "charge.failed", **JANE))
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}
    assert seen == whole


def test_a_cursor_holds_for_its_question_alone(
    recorded: Client, address: str, connection: Connection
) -> None:
    cursor = recorded.get("/v1/webhooks", limit="1", text="jane").body["next"]
    assert recorded.get("/v1/webhooks", limit="1", text="jane", cursor=cursor).status == 200
    globex = client_of(connection, address, "globex")
    assert globex.get("/v1/webhooks", limit="1", text="jane", cursor=cursor).status == 400
    for other in (
        {"text": "john"},
        {},
        {"text": "jane", "type": "invoice.paid"},
        {"text": "jane", "from": day(0)},
    ):
        assert recorded.get("/v1/webhooks", cursor=cursor, **other).status == 400, other


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"text": "…!"}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": " ".join(map(str, range(17)))}, "/text"),
        ({"type": "x" * 256}, "/type"),
        ({"object": "in_\0"}, "/object"),
        ({"sighting": "twice"}, "/sighting"),
        ({"from": day(2), "to": day(2)}, "/to"),
        ({"cursor": "AAAA"}, "/cursor"),
        ({"customer": "c"}, "/customer"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(acme: Client, given: dict[str, str], pointer: str) -> None:
    answer = acme.get("/v1/webhooks", **given)
    assert (answer.status, [each["pointer"] for each in answer.body["errors"]]) == (400, [pointer])


def test_an_event_is_shown_with_every_delivery_and_what_was_sent(recorded: Client, weir: Command) -> None:
    answer = recorded.get("/v1/webhooks/evt_c")
    hold("get", "/v1/webhooks/{event_id}", 200, answer.body)
    first, repeat, conflict = answer.body["deliveries"]
    assert [each["sighting"] for each in (first, repeat, conflict)] == ["first", "repeat", "conflict"]
    assert '"john@example.com"' in first["payload"]
    assert (repeat["payload"], repeat["payload_encoding"]) == (None, None)
    assert '"Jane.Doe@example.com"' in conflict["payload"]
    assert weir.json("webhook", "show", "evt_c", "--tenant", "acme") == answer.body["deliveries"]
    missing = recorded.get("/v1/webhooks/evt_nobodys")
    assert (missing.status, missing.body["code"]) == (404, "not_found")


def test_a_payload_that_is_no_text_is_shown_as_base64(
    acme: Client, connection: Connection, weir: Command
) -> None:
    sent = b'{"id": "evt_x", "type": "a.b", "note": "\xff"}'
    assert not sent.isascii()
    lenient = b'{"id": "evt_y", "type": "a.b", "note": "\\u0000 needle"}'
    Recorder(connection, START_MS).put("acme", lenient)
    connection.execute("update webhook_deliveries set payload = %s", (sent,))
    [found] = acme.get("/v1/webhooks/evt_y").body["deliveries"]
    assert (base64.b64decode(found["payload"]), found["payload_encoding"]) == (sent, "base64")
    assert ids(acme, text="needle") == ["evt_y"]
    assert weir.json("webhook", "show", "evt_y", "--tenant", "acme") == [found]
    assert weir("webhook", "show", "evt_y", "--tenant", "acme", "--format", "csv")


MANY = """
insert into webhook_deliveries
select 'acme', 'evt_many_' || n, 'invoice.paid', 'in_' || n, 'invoice', null, null, true, 0, 0,
    recorded_at_ms + 1 + n, origin, odd, sighting, generation, partition, 1000000 + n, payload,
    marks[2:] || n::bigint
from (select * from webhook_deliveries limit 1) one, generate_series(1, 20000) n
"""


def test_the_policy_costs_the_reader_no_index(connection: Connection, settings: Settings) -> None:
    keys = put_two_tenants(connection)
    recorder = Recorder(connection, START_MS)
    recorder.put("acme", event("evt_rare", **JANE))
    connection.execute(MANY)
    connection.execute("vacuum analyze webhook_deliveries")
    pages = connection.execute(
        "select sum(pg_relation_size(oid)) / 8192 from pg_class where relname ~ '^webhook_deliveries_\\d'"
        " and relkind = 'r'"
    ).fetchone()
    wanted = Wanted("acme", words=words_wanted("evt_rare jane"))
    (day_,) = days_of(wanted, START_MS, START_MS)
    parameters = {
        "tenant": "acme",
        "days": [day_.start_ms],
        "marked": day_.marks,
        "from_ms": 0,
        "most": 51,
        "to_ms": TOP.recorded_at_ms,
        "below_ms": TOP.recorded_at_ms,
        "below_generation": 0,
        "below_partition": 0,
        "below_offset": 0,
    }
    question = SQL("explain (analyze, buffers, format json) ") + queries("console.webhooks")["marked"]
    with connect(as_reader(settings, hash_of(keys.acme)), "test", autocommit=True) as reader:
        for _ in range(2):  # the first question of a session reads PostgreSQL's own catalogue, too
            ((explained,),) = reader.execute(question, parameters).fetchall()
    plan = explained[0]["Plan"]
    assert plan["Actual Rows"] == 1
    assert pages is not None
    read = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert read < pages[0] / 4, f"{read} pages were read, and the record has {pages[0]}"
