"""The command on a real stack: what it prints is what scripts rely on."""

import json
import re
import time

import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.alert import JobDeadlineMissed, alert_key, encode_alert
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS, day_of, format_instant, parse_instant
from schemas.topics import USAGE
from tests.integration.console.api import MICRO, count_of, put_fates, put_rollup, this_hour_ms
from tests.integration.console.command import Command
from tests.stack import Namespace

pytestmark = pytest.mark.integration

_TOLD = "select convert_from(value, 'utf8') from outbox order by id"


def test_tenants_and_keys(weir: Command, connection: Connection) -> None:
    assert weir.json("tenant", "create", "Acme Inc.")["tenant"] == "acme-inc"
    assert weir.json("tenant", "create", "Acme Inc.")["tenant"] == "acme-inc"
    assert weir.code == 0
    assert "there already" in weir.err

    key = weir.json("key", "create", "acme-inc", "--scope", "ingest,read")
    assert re.fullmatch(r"wk_[A-Za-z0-9_-]{43}", key["key"])
    plain = weir("key", "create", "Acme Inc.", "--scope", "read")
    assert re.fullmatch(r"wk_[A-Za-z0-9_-]{43}\n", plain)

    listed = weir.json("key", "list")
    assert [each["scopes"] for each in listed] == [["ingest", "read"], ["read"]]
    everything = connection.execute("select t::text from (select * from api_keys) t").fetchall()
    everything += connection.execute("select convert_from(value, 'utf8') from outbox").fetchall()
    assert key["key"] not in str(everything)
    assert plain.strip() not in str(everything)

    assert weir.json("key", "revoke", key["key_id"]) == {"revoked": key["key_id"]}
    assert weir.json("key", "list")[0]["revoked_at"] is not None
    assert weir.json("tenant", "list")[0]["keys"] == 1
    weir("key", "revoke", "nonsense")
    assert (weir.code, weir.err.count("\n")) == (2, 1)
    weir("key", "create", "globex", "--scope", "read")
    assert (weir.code, weir.err.count("\n")) == (2, 1)


def test_rates_of_tenants_and_keys(weir: Command, connection: Connection) -> None:
    weir("tenant", "create", "Acme Inc.")
    key = weir.json("key", "create", "acme-inc", "--scope", "ingest", "--rate", "1000")["key_id"]
    assert [(each["rate"], each["burst"]) for each in weir.json("key", "list")] == [(1_000, 2_000)]
    limited = weir.json("tenant", "limit", "Acme Inc.", "--rate", "50", "--burst", "70")
    assert limited == {"tenant": "acme-inc", "rate": 50, "burst": 70}
    weir("tenant", "quota", "acme-inc", "900")
    listed = [(each["rate"], each["burst"], each["events_per_month"]) for each in weir.json("tenant", "list")]
    assert listed == [(50, 70, 900)]
    weir("tenant", "limit", "acme-inc", "--rate", "60")
    assert weir.json("key", "limit", key, "--no-rate") == {"key_id": key, "rate": None, "burst": None}
    weir("key", "limit", key, "--rate", "7", "--burst", "9")
    assert weir.err == f"key {key} may send 7 events a second, 9 at once\n"
    weir("key", "revoke", key)

    told = [json.loads(value) for (value,) in connection.execute(_TOLD)]
    assert [(fact["fact"], fact["rate"], fact.get("revoked", False)) for fact in told] == [
        ("tenant", None, False),
        ("key", {"per_second": 1_000, "burst": 2_000}, False),
        ("tenant", {"per_second": 50, "burst": 70}, False),
        ("tenant", {"per_second": 50, "burst": 70}, False),
        ("tenant", {"per_second": 60, "burst": 120}, False),
        ("key", None, False),
        ("key", {"per_second": 7, "burst": 9}, False),
        ("key", {"per_second": 7, "burst": 9}, True),
    ]
    assert [fact["events_per_month"] for fact in told if fact["fact"] == "tenant"] == [None, None, 900, 900]
    assert {fact["name"] for fact in told if fact["fact"] == "tenant"} == {"Acme Inc."}

    for words, said in (
        (("key", "limit", key, "--rate", "1"), "is revoked"),
        (("key", "limit", "nonsense", "--rate", "1"), "no such key"),
        (("tenant", "limit", "globex", "--no-rate"), "no tenant"),
        (("tenant", "limit", "acme-inc"), "either --rate"),
        (("tenant", "limit", "acme-inc", "--rate", "1", "--no-rate"), "either --rate"),
        (("tenant", "limit", "acme-inc", "--burst", "1"), "a burst needs a rate"),
        (("tenant", "limit", "acme-inc", "--rate", "0"), "--rate"),
        (("tenant", "limit", "acme-inc", "--rate", "10000000000"), "a rate is 1 to"),
    ):
        weir(*words)
        assert (weir.code, weir.err.count("\n"), said in weir.err) == (2, 1, True), weir.err


def test_topics_and_schema_are_applied_once_and_again(weir: Command) -> None:
    weir("db", "migrate")
    assert weir.code == 0
    first = weir.json("topics", "apply")
    assert all(topic["created"] and topic["generation"] == 1 for topic in first["topics"])
    assert {topic["topic"] for topic in first["topics"]} >= {"usage", "rollups", "catalog", "door"}
    assert weir.json("topics", "apply") == {"topics": [], "findings": []}


def test_a_topic_made_anew_is_a_finding_until_it_is_adopted(
    weir: Command, namespace: Namespace, connection: Connection
) -> None:
    weir("topics", "apply")
    namespace.delete_topics(USAGE)

    findings = weir.json("topics", "apply")["findings"]
    assert (weir.code, len(findings)) == (1, 1)
    assert "usage is gone" in findings[0]

    adopted = weir.json("topics", "adopt")["topics"]
    assert weir.code == 0
    assert adopted == [{"topic": "usage", "created": True, "generation": 2}]
    told = connection.execute("select convert_from(value, 'utf8') from outbox order by id desc limit 1")
    assert json.loads((told.fetchone() or ("",))[0])["generation"] == 2


def test_the_catalogue_goes_by_versions(weir: Command, connection: Connection, settings: Settings) -> None:
    first = weir.json("catalog", "apply")
    assert (first["version"], first["effective_from"], first["grace_seconds"]) == (
        1,
        "1970-01-01T00:00:00Z",
        3_600,
    )
    weir("catalog", "apply", "--if-empty")
    assert weir.code == 0
    weir("catalog", "apply", "console/catalog/shipped.yaml")
    assert "nothing to do" in weir.err

    before_ms = time.time_ns() // 1_000_000
    second = weir.json("catalog", "apply", "console/catalog/demo.yaml")
    start_ms = parse_instant(second["effective_from"])
    assert second["version"] == 2
    assert start_ms % HOUR_MS == 0
    assert before_ms + 10 * MINUTE_MS <= start_ms <= before_ms + 10 * MINUTE_MS + HOUR_MS + 5_000
    assert weir.json("catalog", "show") == second

    weir("catalog", "apply", "--effective-from", format_instant(before_ms // HOUR_MS * HOUR_MS))
    assert (weir.code, "too early" in weir.err) == (2, True)
    assert settings.postgres
    assert connection.execute("select count(*) from outbox").fetchone() == (2,)


def test_every_version_has_the_canarys_meter_and_nobody_has_to_name_it(
    weir: Command, connection: Connection
) -> None:
    weir("catalog", "apply")
    # As a release without a canary has left it.
    connection.execute(
        "update catalog_versions set document = document"
        " || jsonb_build_object('meters', (document -> 'meters') - -1, 'plans', (document -> 'plans') - -1)"
    )
    assert weir.json("catalog", "apply")["version"] == 2
    shown = weir.json("catalog", "show")
    assert not [each["name"] for each in shown["meters"] + shown["plans"] if each["name"].startswith("weir")]
    weir("catalog", "apply")
    assert "nothing to do" in weir.err

    told = [json.loads(value) for (value,) in connection.execute(_TOLD)]
    assert [fact["meters"][-1]["name"] for fact in told] == ["weir.canary"] * 2
    assert [fact["plans"][-1]["name"] for fact in told] == ["weir.canary"] * 2


def test_a_skip_is_told_once(weir: Command, connection: Connection, namespace: Namespace) -> None:
    position = f"{namespace.prefix}usage/1/42"
    for _ in range(2):
        assert weir.json("skip", position, "--reason", "no pack") == {"skipped": f"{position}/0"}
    (fact,) = connection.execute("select key, convert_from(value, 'utf8') from outbox").fetchall()
    assert fact[0] == "skip/usage/1/42"
    weir("skip", f"{namespace.prefix}rollups/1/42", "--reason", "no pack")
    assert (weir.code, weir.err.count("\n")) == (2, 1)


def test_the_late_event_ledger(weir: Command, connection: Connection) -> None:
    weir("tenant", "create", "acme")
    hour = this_hour_ms()
    put_fates(connection, "acme", "api", hour, day_of(hour), counted=7, in_grace=2, duplicate=9)
    put_fates(connection, "acme", "api", hour, day_of(hour) + 1, late=3, refused=1)
    put_fates(connection, "other", "api", hour, day_of(hour), counted=5)

    [line] = weir.json("late-events", "--window", "month")["data"]
    assert [line[name] for name in ("on_time", "in_grace", "late", "refused", "accepted")] == [5, 2, 3, 1, 11]
    assert weir.json("late-events", "--type", "storage")["data"] == []
    assert weir("late-events", "--format", "csv").splitlines()[0].startswith("type,meters,start,end,on_time")
    assert weir.code == 0
    weir("late-events", "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z")
    assert weir.code == 2


def test_usage_is_that_of_the_api_and_needs_no_key(weir: Command, connection: Connection) -> None:
    weir("topics", "apply")
    weir("catalog", "apply")
    weir("tenant", "create", "acme")
    hour = this_hour_ms()
    put_rollup(connection, "acme", "c-1", "api", hour, count_of(2, 3 * MICRO, hour))

    answer = weir.json("usage", "c-1")
    assert [(usage["quantity"], usage["events"]) for usage in answer["data"]] == [("3", 2)]
    assert set(answer) == {"data", "complete_through", "as_of_offset", "lag_seconds"}
    assert parse_instant(answer["complete_through"]) > hour
    assert weir.json("usage", "c-1", "--meter", "storage")["data"] == []
    assert weir.json("usage", "c-1", "--to", format_instant(hour))["data"] == []
    assert weir("usage", "c-1", "--format", "csv").splitlines()[0].startswith("customer,meter,group,start")

    weir("tenant", "create", "globex")
    weir("usage", "c-1")
    assert (weir.code, "--tenant" in weir.err) == (2, True)
    assert weir.json("usage", "c-1", "--tenant", "globex")["data"] == []


def test_trends_in_every_format(weir: Command, connection: Connection) -> None:
    weir("topics", "apply")
    weir("catalog", "apply")
    weir("tenant", "create", "acme")
    day = this_hour_ms() // DAY_MS * DAY_MS
    for days, quantity in ((2, 40), (1, 30)):
        at = day - days * DAY_MS
        put_rollup(connection, "acme", "c-1", "api", at, count_of(1, quantity * MICRO, at))
    words = ("trends", "c-1", "--meter", "api", "--from", format_instant(day - 2 * DAY_MS))

    answer = weir.json(*words)
    assert [trend["change_percent"] for trend in answer["data"]] == [None, "-25", "-100"]
    assert [peak["quantity"] for peak in answer["peaks"]] == ["40", "30"]
    lines = weir(*words, "--format", "csv").splitlines()
    assert lines[0] == "start,end,quantity,change_percent,week_change_percent,events,state,peak,unit"
    assert lines[2].split(",")[2:] == ["30", "-25", "", "1", answer["data"][1]["state"], "2", "requests"]
    assert "complete through" in weir.err
    assert "-25" in weir(*words)
    assert weir.code == 0

    for more, said in (
        (("--from", "1970-01-01T00:00:00Z"), "ask for a shorter span"),
        (("--meter", "nonsense"), "choose from api"),
        (("--window", "month"), "is not one of"),
        (("--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"), "--to must be later"),
    ):
        weir(*words, *more)
        assert (weir.code, weir.err.count("\n"), said in weir.err) == (2, 1, True), weir.err


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    weir: Command, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_SECRET_KEY", "k" * 43)
    ill = weir.json("doctor")
    assert weir.code == 1
    wrong = {each["check"]: each for each in ill["checks"] if not each["good"]}
    assert set(wrong) == {"topics", "catalog"}
    assert all(each["do"] for each in wrong.values())

    weir("topics", "apply")
    weir("catalog", "apply")
    well = weir.json("doctor")
    assert [each["what"] for each in well["checks"] if not each["good"]] == []
    assert (weir.code, well["findings"]) == (0, 0)
    assert {each["check"] for each in well["checks"]} == {
        *("settings", "postgres", "versions", "clocks", "catalog", "audit", "canary", "dead letters"),
        *("horizon", "kafka", "topics", "lag", "stripe", "jobs"),
    }

    connection.execute("insert into stripe_doubts values ('acme', 'invoice', 'in_1', 1, 'lines')")
    [doubt] = [each for each in weir.json("doctor")["checks"] if not each["good"]]
    assert (doubt["check"], doubt["what"].endswith(": 1")) == ("stripe", True)
    connection.execute("delete from stripe_doubts")

    now_ms = time.time_ns() // 1_000_000
    for job, ago_ms in (("stripe.due", 0), ("stripe.walks", 2 * HOUR_MS)):
        began_ms = now_ms - ago_ms
        missed = JobDeadlineMissed(
            job=job, owed_since_ms=began_ms - 700_000, deadline_ms=began_ms - 400_000, began_at_ms=began_ms
        )
        kept = ("", alert_key(missed), encode_alert(missed), began_ms)
        connection.execute("insert into alert_facts values (%s, %s, %s, %s)", kept)
    [found] = [each for each in weir.json("doctor")["checks"] if not each["good"]]
    assert (found["check"], found["what"]) == ("jobs", "stripe.due began 700 s late within the last hour")
    connection.execute("delete from alert_facts")

    connection.execute("update outbox set created_at = now() - interval '1 hour', published_at = null")
    monkeypatch.setenv("WEIR_KAFKA", "127.0.0.1:1")
    away = weir.json("doctor")
    wrong = {each["check"]: each for each in away["checks"] if not each["good"]}
    assert set(wrong) == {"catalog", "kafka"}
    assert "WEIR_KAFKA" in wrong["kafka"]["do"]
