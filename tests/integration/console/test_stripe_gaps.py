"""`weir webhook gaps` and `backfill`: what was compared, what was missing, and orders for the sinks."""

import threading
import time
from pathlib import Path

import pytest

from console.control.tenants import create_tenant
from runtime.postgres import Connection
from schemas.instant import format_instant
from sinks.stripe.core.spans import HORIZON_S, SETTLED_S
from tests.integration.console.command import Command
from tests.integration.console.webhooks import Recorder, event

pytestmark = pytest.mark.integration
DAY_S = 86_400


@pytest.fixture(autouse=True)
def tenant(weir: Command, connection: Connection) -> str:
    del weir  # before us: it sets the environment of a command
    return create_tenant(connection, "acme")


@pytest.fixture
def key(weir: Command, tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text("rk_test_0123456789abcdef")
    return str(weir.json("stripe-key", "add", "acme", "--from-file", str(path))["key_id"])


def test_what_was_compared_and_what_was_missing(weir: Command, connection: Connection, key: str) -> None:
    assert key
    now_s = int(time.time())
    [before] = weir.json("webhook", "gaps")
    assert (before["walked"], before["missing"], before["last_walk_at"]) == ([], [], None)
    connection.execute("insert into stripe_walks (tenant, ended_at_ms) values ('acme', %s)", (now_s * 1_000,))
    connection.execute(
        "insert into stripe_spans values ('acme', %s, %s)", (now_s - HORIZON_S - DAY_S, now_s - DAY_S)
    )
    for number, (kind, created_s, entered) in enumerate(
        [
            ("invoice.paid", now_s - 2 * DAY_S, 1),
            ("invoice.paid", now_s - 2 * DAY_S, None),
            ("charge.failed", now_s - 2 * DAY_S, 1),
            ("charge.failed", now_s - 40 * DAY_S, 1),
        ]
    ):
        connection.execute(
            "insert into stripe_missing values ('acme', %s, %s, %s, 1, %s)",
            (f"evt_{number}", kind, created_s, entered),
        )
    [found] = weir.json("webhook", "gaps", "--tenant", "acme")
    assert weir.code == 0
    assert [span["to"] for span in found["walked"]] == [format_instant((now_s - DAY_S) * 1_000)]
    [hole] = found["unwalked"]
    assert hole["from"] == format_instant((now_s - DAY_S) * 1_000)
    assert hole["to"] <= format_instant((int(time.time()) - SETTLED_S) * 1_000)
    assert [(each["type"], each["missing"], each["entered"]) for each in found["missing"]] == [
        ("charge.failed", 1, 1),
        ("invoice.paid", 2, 1),
    ]
    assert "charge.failed" in weir("webhook", "gaps")
    assert "not walked yet" in weir.err


def test_a_walk_that_failed_is_a_bad_answer_with_its_reason(
    weir: Command, connection: Connection, key: str
) -> None:
    assert key
    connection.execute(
        "insert into stripe_walks (tenant, failed_at_ms, failure) values ('acme', 5000, 'lacks a permission')"
    )
    weir("webhook", "gaps")
    assert weir.code == 1
    assert "lacks a permission" in weir.err


def test_a_walk_that_failed_is_a_finding_of_the_doctor(
    weir: Command, connection: Connection, key: str
) -> None:
    def found() -> list[str]:
        return [
            each["what"]
            for each in weir.json("doctor")["checks"]
            if each["check"] == "stripe" and not each["good"]
        ]

    assert key
    assert found() == []
    connection.execute("insert into stripe_walks (tenant, failure) values ('acme', 'of another account')")
    assert found() == ["tenants whose webhooks are not compared with Stripe's list of events: 1"]
    weir("stripe-key", "revoke", key)
    assert found() == []


def test_connected_accounts_are_said_not_to_be_compared(
    weir: Command, connection: Connection, key: str
) -> None:
    assert key
    recorder = Recorder(connection, int(time.time()) * 1_000)
    recorder.put("acme", event("evt_1"))
    [before] = weir.json("webhook", "gaps")
    assert before["connected_accounts"] == []
    recorder.put("acme", *(event(f"evt_{name}") | {"account": f"acct_{name}"} for name in "badc"))
    recorder.put("acme", event("evt_a2") | {"account": "acct_a"})
    [found] = weir.json("webhook", "gaps")
    assert found["connected_accounts"] == ["acct_a", "acct_b", "acct_c", "acct_d"]
    weir("webhook", "gaps")
    assert weir.code == 0
    assert "connected accounts (acct_a, acct_b, acct_c, …)" in weir.err


def test_without_a_key_there_is_nothing_to_compare_with(weir: Command) -> None:
    assert weir.json("webhook", "gaps") == []
    weir("webhook", "gaps")
    assert "weir stripe-key add" in weir.err
    weir("webhook", "backfill", "acme", "--from", "2026-01-01T00:00:00Z")
    assert weir.code == 2
    assert "weir stripe-key add acme" in weir.err


def test_a_backfill_is_ordered_once_with_its_job_and_its_entry_in_the_audit_log(
    weir: Command, connection: Connection, key: str
) -> None:
    assert key
    words = ("webhook", "backfill", "acme", "--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z")
    first, again = weir.json(*words), weir.json(*words)
    assert first == again
    assert (first["state"], first["from"], first["to"]) == (
        *("waiting", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
    )
    assert weir.json("webhook", "backfills") == [first]
    ordered = "select task_name, args from jobs.procrastinate_jobs where task_name = 'stripe.backfill'"
    assert connection.execute(ordered).fetchall() == [
        ("stripe.backfill", {"backfill_id": first["backfill_id"]})
    ]
    assert connection.execute(
        "select count(*) from audit_log where what = 'backfill.ordered'"
    ).fetchone() == (1,)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--from", "soon"),
        ("--from", "2099-01-01T00:00:00Z"),
        ("--from", "2026-02-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"),
    ],
)
def test_a_span_that_is_none_is_refused(weir: Command, key: str, words: tuple[str, ...]) -> None:
    assert key
    weir("webhook", "backfill", "acme", *words)
    assert weir.code == 2
    assert weir.json("webhook", "backfills") == []


def test_who_follows_sees_it_to_its_end(weir: Command, connection: Connection, key: str) -> None:
    assert key

    def work() -> None:
        while not connection.execute("select from stripe_backfills").fetchall():
            pass
        connection.execute("update stripe_backfills set state = 'running', stage = 'invoice', read = 7")
        connection.execute("update stripe_backfills set state = 'failed', failure = 'no such key'")

    worker = threading.Thread(target=work)
    worker.start()
    out = weir("webhook", "backfill", "acme", "--from", "2026-01-01T00:00:00Z", "--follow")
    worker.join()
    assert weir.code == 1
    assert "no such key" in out
    assert "7 read" in weir.err
